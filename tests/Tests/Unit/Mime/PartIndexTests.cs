using System.Text;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Mime;

public sealed class PartIndexTests
{
    private static readonly byte[] Message = Encoding.UTF8.GetBytes("""
        Content-Type: multipart/mixed; boundary=b

        --b
        Content-Type: text/plain; charset=utf-8; format=flowed
        Content-Language: de, en
        Content-ID: <1@x>
        Content-Description: first ä

        hello
        --b
        Content-Type: application/x-thing; name="ü.bin"
        Content-Transfer-Encoding: base64
        Content-Disposition: attachment; filename*=utf-8''%C3%BC.bin

        AAAA
        --b
        Content-Type: message/rfc822

        Subject: in

        text
        --b--

        """);

    [Fact]
    public void What_is_written_is_read_back()
    {
        var root = MimeScannerTests.Scan(Message);
        var octets = PartIndex.Write(root);
        var back = PartIndex.Read(octets);
        Assert.Equal(octets, PartIndex.Write(back));
        Assert.Equal(
            ImapStructure.BodyStructure(root, true),
            ImapStructure.BodyStructure(back, true, (at, length) => Message.AsMemory((int)at, length)));
        Assert.Equal("ü.bin", back.Children[1].FileName);
    }

    [Fact]
    public void Damaged_or_cut_octets_are_refused_and_never_throw()
    {
        var octets = PartIndex.Write(MimeScannerTests.Scan(Message));
        for (var length = 0; length < octets.Length; length++) Assert.False(PartIndex.TryRead(octets.AsSpan(0, length), out _));
        foreach (var changed in Fuzz.Mutator.Mutate(octets, 5000, 1)) PartIndex.TryRead(changed, out _);
        Assert.Throws<FormatException>(() => PartIndex.Read([2]));
    }

    // The form is on disk: a change of these octets needs a new version.
    [Fact]
    public void Version_two_is_frozen()
    {
        Assert.Equal("020000001A1A05010103190000000000000000", Frozen("Content-Type: TEXT/PLAIN\n\nab\ncd"));
        Assert.StartsWith("0207", Frozen("Sender: a@b\nReply-To: c@d\nSubject: x\nSubject: y\n\n"), StringComparison.Ordinal);
        static string Frozen(string message) =>
            Convert.ToHexString(PartIndex.Write(MimeScannerTests.Scan(Encoding.ASCII.GetBytes(message))));
    }

    [Fact]
    public void Version_one_is_read_and_says_that_its_marks_are_not_known()
    {
        var root = PartIndex.Read(Convert.FromHexString("0100001A1A05010103190000000000000000"));
        Assert.Equal((26L, 5L, EnvelopeMarks.Inexact), (root.HeaderLength, root.BodyLength, root.Marks));
    }
}
