using Aviso.Base;
using Aviso.Delivery;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Base;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

public sealed class SenderRewriterTests
{
    private readonly SetClock _clock = new();
    private readonly FakeDocuments _documents;

    public SenderRewriterTests() => _documents = new(_clock);

    private SenderRewriter Rewriter(string secret = "a secret") =>
        new(new([System.Text.Encoding.ASCII.GetBytes(secret)], _clock), _documents, _clock, NullLogger.Instance);

    // RFC 5321 §4.5.3.1.1: what every next hop must take is 64 octets, quotes counted.
    [Theory]
    [InlineData("bounces+28450412-3d1f-fwd=example.test@em7711.news.gartenwelt.test")]
    [InlineData("newsletter-bounce-8812@em7711.news.gartenwelt.test")]
    [InlineData("alice@sender.example")]
    [InlineData("\"a sender with blanks in a quoted local part\"@sender.example")]
    [InlineData("SRS0=ABCDEF=AA=em7711.news.gartenwelt.test=newsletter-bounce-8812@first.example")]
    [InlineData("иван.иванович.иванов@пример.test")]
    public async Task Every_forwarded_sender_keeps_to_64_octets_and_comes_back(string text)
    {
        var sender = Addresses.Of(text);
        var forwarded = await Rewriter().ForwardAsync(sender, Addresses.Domain("example.org"), default);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(MailAddress.Quoted(forwarded.LocalPart)), 1, 64);
        Assert.True(Srs.IsSrs(forwarded.LocalPart));
        _clock.Now += TimeSpan.FromDays(20);
        var back = await Rewriter().ReverseAsync(forwarded.LocalPart.ToLowerInvariant(), default);
        Assert.Equal(sender.Wire, back?.Wire, ignoreCase: true);
    }

    [Fact]
    public async Task A_kept_sender_is_of_no_use_to_strangers_and_ends_with_its_time()
    {
        var sender = Addresses.Of("newsletter-bounce-8812@em7711.news.gartenwelt.test");
        var forwarded = await Rewriter().ForwardAsync(sender, Addresses.Domain("example.org"), default);
        Assert.Null(await Rewriter("another").ReverseAsync(forwarded.LocalPart, default));
        Assert.Null(await Rewriter().ReverseAsync($"SRS0=ABCDEF=AA=={Srs.TokenOf(sender)}", default));
        _clock.Now += TimeSpan.FromDays(22);
        Assert.Null(await Rewriter().ReverseAsync(forwarded.LocalPart, default));
    }
}
