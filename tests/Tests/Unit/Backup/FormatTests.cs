using System.Text;
using Aviso.Backup;
using Aviso.Store.Copying;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>What lies on a target is read by every later version: these octets do not change.</summary>
public sealed class FormatTests
{
    private const string Zeros = "0000000000000000000000000000000000000000000000000000000000000000";

    [Fact]
    public void An_id_depends_on_key_and_octets()
    {
        Assert.True(BackupKey.TryParse(Zeros, out var key));
        Assert.Equal(64, key.IdOf("hello"u8).Length);
        Assert.Equal(key.IdOf("hello"u8), key.IdOf("hello"u8));
        Assert.NotEqual(key.IdOf("hello"u8), key.IdOf("hellp"u8));
        Assert.True(BackupKey.TryParse(BackupKey.New(), out var other));
        Assert.NotEqual(key.IdOf("hello"u8), other.IdOf("hello"u8));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("zz00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(Zeros + "0")]
    public void What_is_no_key_is_none(string text) => Assert.False(BackupKey.TryParse(text, out _));

    [Fact]
    public void What_is_sealed_opens_under_its_name_alone()
    {
        Assert.True(BackupKey.TryParse(Zeros, out var key));
        foreach (var text in new[] { "", "x", new string('a', 100_000) })
        {
            var octets = Encoding.UTF8.GetBytes(text);
            var closed = key.Seal("pieces/ab/abcd", octets);
            Assert.True(closed.AsSpan().StartsWith("AVB1"u8));
            Assert.Equal(octets, key.Open("pieces/ab/abcd", closed));
            Assert.Throws<DamagedObjectException>(() => key.Open("pieces/ab/abce", closed));
            for (var at = 0; at < Math.Min(closed.Length, 60); at++)
            {
                closed[at] ^= 1;
                Assert.Throws<DamagedObjectException>(() => key.Open("pieces/ab/abcd", closed));
                closed[at] ^= 1;
            }
            Assert.Throws<DamagedObjectException>(() => key.Open("pieces/ab/abcd", closed.AsSpan(0, closed.Length - 1)));
        }
        // Made by the first version.
        var first = Convert.FromHexString(First);
        Assert.Equal("the first version", Encoding.UTF8.GetString(key.Open("points/00000000000001-base", first)));
    }

    /// <summary>AES-256-GCM under the key that HKDF-Expand makes of "aviso backup: sealing"; made by another program (Python's
    /// cryptography).</summary>
    private const string First = "4156423100000102030405060708090a0be21bf0f96cbc52fa49a1c35f476510db3b3e8f5e6e5e27d78e43713fd9ce5fd572";

    [Fact]
    public void Frames_are_written_so()
    {
        Span<byte> head = stackalloc byte[Frames.HeadLength];
        Frames.WriteHead(head, new(1, 2, 3, 4, 4096));
        Assert.Equal("01000000020000000300000000000000040000000000000000100000", Convert.ToHexString(head));
        byte[] page = [];
        using var from = new MemoryStream([.. head, .. new byte[4096]]);
        Assert.True(Frames.TryRead(from, out var read, ref page));
        Assert.Equal(new(1, 2, 3, 4, 4096), read);
        Assert.False(Frames.TryRead(from, out _, ref page));
        Assert.Throws<InvalidDataException>(() => Frames.TryRead(new MemoryStream(new byte[10]), out _, ref page));
    }

    [Theory]
    [InlineData(long.MaxValue, "1:1 2:3 c2 | 3:4 c3")]
    [InlineData(1, "1:1 2:2 c1 | 2:3 c2 | 3:4 c3")]
    public void What_one_second_wrote_is_joined_but_for_where_a_drill_compares(long boundary, string expected)
    {
        var raw = new MemoryStream();
        Add(raw, new(1, 0, 0, 0, 512), 1);
        Add(raw, new(2, 2, 1_000, 1, 512), 2);
        Add(raw, new(2, 2, 1_500, 2, 512), 3);
        Add(raw, new(3, 3, 2_100, 3, 512), 4);
        raw.Position = 0;
        var merged = new MemoryStream();
        var merge = new FrameMerge(merged, boundary);
        merge.Add(raw);
        merge.Flush();
        merged.Position = 0;
        var (said, page) = (new StringBuilder(), Array.Empty<byte>());
        while (Frames.TryRead(merged, out var head, ref page))
        {
            said.Append($"{head.Page}:{page[0]} ");
            if (head.IsCommit) said.Append($"c{head.Commit} | ");
        }
        Assert.Equal(expected, said.ToString().TrimEnd(' ', '|'));

        static void Add(Stream to, FrameHead head, byte octet)
        {
            var octets = new byte[Frames.HeadLength + 512];
            Frames.WriteHead(octets, head);
            octets[Frames.HeadLength] = octet;
            to.Write(octets);
        }
    }

    [Fact]
    public void Names_say_when_and_what()
    {
        Assert.Equal("points/01796054400000-base", ObjectName.OfPoint(1796054400000, isBase: true));
        Assert.Equal((1796054400000, false), ObjectName.PointOf("points/01796054400000-more"));
        Assert.Null(ObjectName.PointOf("points/x"));
        Assert.Null(ObjectName.PieceOf("pieces/ab/short"));
    }
}
