using System.Text;
using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Unit.Spam;

/// <summary>A header may hold thousands of encoded words (RFC 2047): what they cost grows with their number and has an end.</summary>
public sealed class EncodedWordTests
{
    [Theory]
    [InlineData("Subject")]
    [InlineData("From")]
    [InlineData("To")]
    [InlineData("X-Note")]
    public void Encoded_words_cost_no_more_than_their_size(string field)
    {
        Work(field, 500);
        var (small, large) = (Work(field, 1_000), Work(field, 4_000));
        TestContext.Current.TestOutputHelper!.WriteLine($"{field}: {small} octets allocated for 1,000 words, {large} for 4,000");
        Assert.True(large < 5 * small, $"four times the words cost {(double)large / small:0.0} times");
    }

    [Fact]
    public void A_message_of_135_kilobytes_of_encoded_words_is_judged_whole()
    {
        var message = Message("Subject", 4_500, "From", 700);
        Assert.InRange(message.Length, 130_000, 180_000);
        var context = SpamMail.RunAll(SpamMail.Input(message));
        Assert.Contains("vers", context.Content.Subject);
        using var tokens = new TokenSet();
        MessageTokens.Read(context.Content, context.Input.Root, tokens);
        Assert.InRange(tokens.Count, 1, TokenSet.Most);
    }

    // What is allocated stands for what is done: it does not depend on how busy the machine is.
    private static long Work(string field, int words)
    {
        var input = SpamMail.Input(Message(field, words, "X-Other", 1));
        using var tokens = new TokenSet();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var context = SpamMail.RunAll(input);
        MessageTokens.Read(context.Content, input.Root, tokens);
        foreach (var line in context.Content.Header.Lines) _ = line.Text;
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static byte[] Message(string field, int words, string other, int others)
    {
        var text = new StringBuilder();
        foreach (var (name, count) in new[] { (field, words), (other, others) })
        {
            text.Append(name).Append(':');
            for (var i = 0; i < count; i++) text.Append(" =?utf-8?Q?vers=C3=A9").Append(i % 10).Append("?=\r\n");
            if (name is "From" or "To") text.Append(" <a@one.example>\r\n");
        }
        return Encoding.ASCII.GetBytes(
            text.Append("Date: Tue, 10 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@one.example>\r\n\r\nHello\r\n").ToString());
    }
}
