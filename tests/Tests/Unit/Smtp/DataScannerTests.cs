using System.Text;
using Aviso.Smtp;
using Xunit;

namespace Aviso.Tests.Unit.Smtp;

/// <summary>The watch over message octets against a second, simple reading of RFC 5321 §4.5.2 over whole texts.</summary>
public sealed class DataScannerTests
{
    private const int LongestLine = 400;

    private static readonly SmtpHost Host = new();

    [Fact]
    public void Short_texts_of_the_octets_that_matter_end_where_and_hold_what_they_should()
    {
        const string alphabet = "\r\n.a";
        for (var length = 1; length <= 8; length++)
        {
            for (var number = 0; number < 1 << (2 * length); number++)
            {
                var text = new char[length];
                for (var i = 0; i < length; i++) text[i] = alphabet[(number >> (2 * i)) & 3];
                Check(new(text), length);
                Check(new(text), 1);
            }
        }
    }

    [Fact]
    public void Random_texts_in_random_pieces_end_where_and_hold_what_they_should()
    {
        var random = new Random(5321);
        var words = new[] { "\r\n", "\r\n", "\r\n", ".", ".", "\r\n.", "\r\n..", "\r\n.\r\n", "text", " ", "\u00e4", "a long run of words", "\r", "\n", "\0" };
        for (var round = 0; round < 20_000; round++)
        {
            var text = new StringBuilder();
            // Most rounds without what is refused, so that the octets are compared too.
            var kinds = round % 4 == 0 ? words.Length : words.Length - 3;
            for (var i = random.Next(1, 30); i > 0; i--) text.Append(words[random.Next(kinds)]);
            Check(text.ToString(), random.Next(1, 12));
        }
    }

    [Fact]
    public void A_body_of_lines_arrives_as_it_was_sent()
    {
        var random = new Random(4096);
        for (var round = 0; round < 300; round++)
        {
            var body = new StringBuilder();
            for (var i = random.Next(0, 200); i > 0; i--)
            {
                for (var j = random.Next(0, LongestLine); j > 0; j--) body.Append(random.Next(4) == 0 ? '.' : (char)random.Next(32, 256));
                body.Append("\r\n");
            }
            var sent = body.ToString();
            var stuffed = ("\r\n" + sent).Replace("\r\n.", "\r\n..", StringComparison.Ordinal)[2..] + ".\r\n";
            var (ended, used, fault, octets) = Scan(stuffed + "QUIT\r\n", random.Next(1, 5000));
            Assert.True(ended);
            Assert.Equal(stuffed.Length, used);
            Assert.Equal(BodyFault.None, fault);
            Assert.Equal(sent, octets);
        }
    }

    [Fact]
    public void A_line_at_the_limit_is_taken_and_one_octet_more_is_not()
    {
        Assert.Equal(BodyFault.None, Scan(new string('x', LongestLine) + "\r\n.\r\n", 7).Fault);
        Assert.Equal(BodyFault.LineTooLong, Scan(new string('x', LongestLine + 1) + "\r\n.\r\n", 7).Fault);
    }

    private static void Check(string text, int piece)
    {
        var whole = "\r\n" + text;
        var end = whole.IndexOf("\r\n.\r\n", StringComparison.Ordinal);
        var (ended, used, fault, octets) = Scan(text, piece);
        Assert.Equal(end >= 0, ended);
        Assert.Equal(end >= 0 ? end + 3 : text.Length, used);
        if (end < 0) return;
        var message = whole[..(end + 2)];
        var loose = message.Replace("\r\n", "", StringComparison.Ordinal);
        Assert.Equal(loose.AsSpan().IndexOfAny("\r\n\0") >= 0, fault is BodyFault.BareLineEnd or BodyFault.Nul);
        if (fault == BodyFault.None) Assert.Equal(message.Replace("\r\n.", "\r\n", StringComparison.Ordinal)[2..], octets);
    }

    private static (bool Ended, int Used, BodyFault Fault, string Octets) Scan(string text, int piece)
    {
        var octets = Encoding.Latin1.GetBytes(text);
        using var body = IncomingBody.Begin(Host.Open(), () => { }, long.MaxValue, LongestLine);
        var scanner = new DataScanner(dotStuffed: true);
        var (at, ended) = (0, false);
        while (at < octets.Length && !ended)
        {
            ended = scanner.Scan(octets.AsSpan(at, Math.Min(piece, octets.Length - at)), body, out var used);
            at += used;
        }
        if (body.Fault != BodyFault.None) return (ended, at, body.Fault, "");
        using var taken = body.Take();
        return (ended, at, BodyFault.None, Encoding.Latin1.GetString(taken.Memory.Span));
    }
}
