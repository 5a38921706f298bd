using Aviso.Jmap;
using Aviso.Mime;
using Aviso.Tests.Fuzz;
using Aviso.Tests.Oracles;
using Aviso.Tests.Unit.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>What a list of messages says comes from the ENVELOPE in the store; it is what the header says.</summary>
public sealed class EnvelopeColumnTests
{
    private const EmailProperty InEnvelope = EmailProperty.Convenience & ~EmailProperty.References;

    private static readonly RenderRequest Fields = new(new(InEnvelope, []), BodyPartProperties.Default);

    [Fact]
    public void Of_messages_by_chance_and_what_becomes_of_them()
    {
        var exact = 0;
        for (var seed = 0; seed < 400; seed++)
            foreach (var message in Mutator.Mutate(new MadeMessage(seed).Write(), 4, seed)) exact += Check(message) ? 1 : 0;
        Assert.True(exact > 100);
    }

    [Fact]
    public void Of_every_message_of_a_suite()
    {
        var files = Directory.EnumerateFiles(Suites.Find("mime-corpus"), "*.eml", SearchOption.AllDirectories).ToList();
        Assert.True(files.Count(file => Check(File.ReadAllBytes(file))) > files.Count / 2);
    }

    [Theory]
    [InlineData("Subject: a\nSubject: b\n")]
    [InlineData("From: a@b\nFrom: c@d\n")]
    [InlineData("Cc:\n")]
    [InlineData("To: a@b (A)\n")]
    [InlineData("Subject: a \n")]
    [InlineData("Subject: =?iso-8859-1?q?\xF6?=\n")]
    public void A_header_that_says_more_is_marked(string header) =>
        Assert.False(ConvenienceFields.AreInEnvelope(MimeScannerTests.Scan(Rendering.Octets(header + "\n"))));

    [Fact]
    public void An_ordinary_header_is_not() => Assert.True(ConvenienceFields.AreInEnvelope(MimeScannerTests.Scan(Rendering.Octets(
        "From: A <a@b>\nTo: b@c, c@d\nSubject: x\nDate: Thu, 1 Jan 2004 10:00:07 -0800\nMessage-ID: <a@b>\nSender: s@t\n\nx"))));

    private static bool Check(byte[] message)
    {
        var root = MimeScannerTests.Scan(message);
        if (!ConvenienceFields.AreInEnvelope(root)) return false;
        var header = message.AsSpan(0, (int)root.HeaderLength);
        var columns = new RenderedColumns(ImapStructure.Envelope(header, utf8: true), root, default);
        // References want the header, and with it everything is taken from there.
        var fromHeader = Rendering.Of(
            columns, Rendering.Open(message, root), new(new(InEnvelope | EmailProperty.References, []), BodyPartProperties.Default));
        foreach (var field in Rendering.Of(columns, null, Fields).EnumerateObject())
            Assert.Equal(fromHeader.GetProperty(field.Name).GetRawText(), field.Value.GetRawText());
        return true;
    }
}
