using System.Text;
using Aviso.Moving;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>Blocks of LZ4, and what begins like a packed file.</summary>
public sealed class PackedTests
{
    [Theory]
    [InlineData("50 68 65 6c 6c 6f", "hello")]
    [InlineData("11 61 01 00 50 62 63 64 65 66", "aaaaaabcdef")]
    [InlineData("f0 01 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66", "0123456789abcdef")]
    public void Blocks_are_literals_and_matches(string hex, string text)
    {
        var into = new byte[64];
        var length = DovecotLz4.TryUnpack(Octets(hex), into);
        Assert.Equal(text, Encoding.ASCII.GetString(into.AsSpan(0, Math.Max(0, length))));
        for (var room = 0; room < text.Length; room++) Assert.Equal(-1, DovecotLz4.TryUnpack(Octets(hex), new byte[room]));
    }

    [Theory]
    [InlineData("50 68")]
    [InlineData("11 61 00 00 50 62 63 64 65 66")]
    [InlineData("11 61 05 00 50 62 63 64 65 66")]
    [InlineData("f0 ff ff")]
    [InlineData("10 61 01")]
    [InlineData("")]
    public void What_does_not_hold_together_is_refused(string hex) => Assert.Equal(-1, DovecotLz4.TryUnpack(Octets(hex), new byte[64]));

    [Fact]
    public void Packed_files_are_known_by_how_they_begin()
    {
        Assert.Equal(PackKind.MailCrypt, Packing.Of("CRYPTED\u0003\u0007\u0002"u8));
        Assert.Equal(PackKind.DovecotLz4, Packing.Of("Dovecot-LZ4...."u8));
        Assert.Equal(PackKind.Gzip, Packing.Of([0x1f, 0x8b, 8, 0]));
        Assert.Equal(PackKind.Zstandard, Packing.Of([0x28, 0xb5, 0x2f, 0xfd]));
        Assert.Equal(PackKind.None, Packing.Of("Return-Path: <>"u8));
        Assert.Equal(PackKind.None, Packing.Of([]));
    }

    private static byte[] Octets(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
