using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Aviso.MailAuth;
using Aviso.Tests.Fuzz;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

public sealed class CanonicalTests
{
    [Theory]
    [InlineData("A: X\r\n", "a:X\r\n")]
    [InlineData("B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n")]
    [InlineData("SUBJect: \t a  b\t\tc \r\n", "subject:a b c\r\n")]
    [InlineData("Empty:\r\n", "empty:\r\n")]
    [InlineData("Empty:  \r\n \r\n", "empty:\r\n")]
    public void A_field_in_relaxed_form(string field, string expected)
    {
        var into = new ArrayBufferWriter<byte>();
        CanonicalHeader.Write(into, Encoding.ASCII.GetBytes(field), Canonicalization.Relaxed);
        Assert.Equal(expected, Encoding.ASCII.GetString(into.WrittenSpan));
    }

    [Fact]
    public void A_field_in_simple_form_is_what_was_sent()
    {
        var into = new ArrayBufferWriter<byte>();
        CanonicalHeader.Write(into, "B : Y\t\r\n\tZ  \r\n"u8, Canonicalization.Simple);
        Assert.Equal("B : Y\t\r\n\tZ  \r\n", Encoding.ASCII.GetString(into.WrittenSpan));
    }

    [Theory]
    [InlineData(" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n")]
    [InlineData("", "\r\n", "")]
    [InlineData("\r\n\r\n", "\r\n", "")]
    [InlineData("  \r\n\t\r\n", "  \r\n\t\r\n", "")]
    [InlineData("no end", "no end\r\n", "no end\r\n")]
    [InlineData("a\r\n\r\nb \r\n \r\n", "a\r\n\r\nb \r\n \r\n", "a\r\n\r\nb\r\n")]
    [InlineData("a\rb\r", "a\rb\r\r\n", "a\rb\r\r\n")]
    public void Bodies_of_rfc_6376_and_of_the_edges(string body, string simple, string relaxed)
    {
        var octets = Encoding.ASCII.GetBytes(body);
        for (var piece = 1; piece <= octets.Length + 1; piece++)
        {
            Assert.Equal(Hash(Encoding.ASCII.GetBytes(simple)), HashOf(octets, Canonicalization.Simple, piece));
            Assert.Equal(Hash(Encoding.ASCII.GetBytes(relaxed)), HashOf(octets, Canonicalization.Relaxed, piece));
        }
    }

    [Fact]
    public void Any_body_in_any_pieces_comes_out_as_the_plain_definition_says()
    {
        byte[][] seeds = ["a b\r\n\r\n c\t d \r\n\r\n"u8.ToArray(), " \r\n\t x\r\n\r\n\r\n"u8.ToArray(), "\r\r\n\n\r\n \r"u8.ToArray()];
        Mutator.Run(seeds, 400, octets =>
        {
            if (octets.Length > 4096) return;
            foreach (var piece in new[] { 1, 3, octets.Length + 1 })
            {
                Assert.Equal(Hash(PlainSimple(octets)), HashOf(octets, Canonicalization.Simple, piece));
                Assert.Equal(Hash(PlainRelaxed(octets)), HashOf(octets, Canonicalization.Relaxed, piece));
            }
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_length_counts_octets_of_the_canonical_form(int length)
    {
        using var form = new CanonicalBody(Canonicalization.Relaxed);
        var hash = form.Want(HashAlgorithmName.SHA256, length);
        form.Feed("a  b\r\nc\r\n"u8);
        form.End();
        Assert.Equal(Hash("a b\r\nc\r\n"u8.ToArray()[..length]), hash.Value);
        Assert.Equal(8, hash.Length);
    }

    private static byte[] HashOf(byte[] body, Canonicalization canonicalization, int piece)
    {
        using var form = new CanonicalBody(canonicalization);
        var hash = form.Want(HashAlgorithmName.SHA256, null);
        for (var at = 0; at < body.Length; at += piece) form.Feed(body.AsSpan(at, Math.Min(piece, body.Length - at)));
        form.End();
        return hash.Value;
    }

    private static byte[] Hash(byte[] octets) => SHA256.HashData(octets);

    // RFC 6376 §3.4.3 and 3.4.4 word by word, on text.
    private static byte[] PlainSimple(byte[] body) => Latin(Regex.Replace(Text(body), @"(\r\n)*\z", "") + "\r\n");

    private static byte[] PlainRelaxed(byte[] body)
    {
        var lines = Text(body).Split("\r\n").Select(line => Regex.Replace(line, "[ \t]+", " ").TrimEnd(' ')).ToList();
        while (lines.Count > 0 && lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        return Latin(string.Concat(lines.Select(line => line + "\r\n")));
    }

    private static string Text(byte[] octets) => Encoding.Latin1.GetString(octets);

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);
}
