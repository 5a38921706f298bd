using System.Text;
using Aviso.Dns;
using Aviso.MailAuth;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Submissions are signed by the keys of their author's domain.</summary>
public sealed class FilteredSigningTests : FilteredScene
{
    [Fact]
    public async Task An_author_in_unicode_is_signed_for_by_the_keys_of_the_a_labels()
    {
        await Keys.ApplyAsync([("xn--bcher-kva.example", [])], default);
        await PublishAsync("xn--bcher-kva.example");
        Assert.NotEmpty(Keys.KeysOf("xn--bcher-kva.example"));
        foreach (var spelling in (string[])["bücher.example", "BÜCHER.example", "Bu\u0308cher.EXAMPLE."])
            Assert.Equal(Keys.KeysOf("xn--bcher-kva.example"), Keys.KeysOf(spelling));
    }

    [Fact]
    public async Task A_submission_is_signed_with_every_published_key()
    {
        Assert.Empty(Keys.KeysOf("example.org"));
        await PublishAsync("example.org");
        Assert.Equal(2, Keys.KeysOf("example.org").Count);
        await SendAsync("From: alice@example.org\r\nSubject: hi\r\n\r\nhello\r\n", ["bob@example.org"], from: "alice@example.org", login: "alice@example.org");
        using var body = Unit.MailAuth.Bodies.Raw(Encoding.UTF8.GetBytes(await OneAsync("bob@example.org", "INBOX")));
        var verdicts = await new DkimVerifier(Zone, new(), Store.Clock).VerifyAsync(body, default);
        Assert.Equal(["rsa-sha256", "ed25519-sha256"], verdicts.Where(v => v.Result == DkimResult.Pass).Select(v => v.Algorithm).OrderDescending());
    }

    [Fact]
    public async Task Keys_rotate_with_overlap_and_a_record_that_changed_is_said()
    {
        await PublishAsync("example.org");
        var old = Keys.KeysOf("example.org").Select(k => k.Selector).ToList();
        Store.Clock.Advance(TimeSpan.FromDays(30));
        await Keys.RotateAsync("example.org", default);
        Assert.Equal(old.Order(), Keys.KeysOf("example.org").Select(k => k.Selector).Order());
        await PublishAsync("example.org");
        Assert.Empty(old.Intersect(Keys.KeysOf("example.org").Select(k => k.Selector)));
        Assert.Equal(2, Keys.List().Count(k => k is { Domain: "example.org", State: "retired" }));
        Store.Clock.Advance(TimeSpan.FromDays(15));
        await Keys.CheckAsync("example.org", default);
        Assert.DoesNotContain(Keys.List(), k => k.State == "retired");

        var selector = Keys.KeysOf("example.org")[0].Selector;
        Zone.Remove($"{selector}._domainkey.example.org").Txt($"{selector}._domainkey.example.org", "v=DKIM1; k=rsa; p=AAAA");
        await Keys.CheckAsync("example.org", default);
        Assert.Contains(Keys.List(), k => k.Selector == selector && k.State == "paused" && k.Problem.EndsWith("holds another key", StringComparison.Ordinal));
        // The other key is enough; when the DNS is silent, or all are wrong, nothing is taken back.
        Assert.Single(Keys.KeysOf("example.org"));
        Zone.Fail($"{selector}._domainkey.example.org", DnsStatus.ServFail);
        await Keys.CheckAsync("example.org", default);
        Assert.Equal(2, Keys.KeysOf("example.org").Count);
        foreach (var key in Keys.KeysOf("example.org")) Zone.Remove($"{key.Selector}._domainkey.example.org");
        await Keys.CheckAsync("example.org", default);
        Assert.Equal(2, Keys.KeysOf("example.org").Count);
    }
}
