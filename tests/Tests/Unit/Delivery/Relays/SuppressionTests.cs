using Aviso.Delivery;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery.Relays;

/// <summary>Lists of blocked recipients, read and mended by what the vendors document.</summary>
public sealed class SuppressionTests
{
    private static readonly SuppressionOptions Brevo =
        new("brevo", RelayVendor.Brevo, new("https://api.brevo.test/v3/"), FakeVendorApi.Key);

    private static readonly SuppressionOptions Mailgun =
        new("mg", RelayVendor.Mailgun, new("https://api.mailgun.test/v3/"), FakeVendorApi.Key, Domain: "example.org");

    private static readonly SuppressionOptions Ses =
        new("ses", RelayVendor.Ses, new("https://email.eu-central-1.amazonaws.test/"), FakeVendorApi.Key, "secret", "eu-central-1");

    private readonly FakeVendorApi _api = new();
    private readonly SetClock _clock = new();

    public static TheoryData<string, string> Vendors => new() { { "brevo", "blocked" }, { "mg", "complaints" }, { "ses", "suppressed" } };

    private SuppressionList List(string relay) =>
        SuppressionList.Of(((SuppressionOptions[])[Brevo, Mailgun, Ses]).Single(o => o.Relay == relay), new(_api), _clock);

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task All_pages_are_read_and_an_address_is_taken_off(string relay, string list)
    {
        _api.Page = 7;
        var all = Enumerable.Range(0, 230).Select(i => $"user{i}+x@far.test").ToArray();
        _api.Put(list, all);
        var read = await List(relay).ListAsync(default);
        Assert.Null(read.Problem);
        Assert.Equal(all.Order(), read.Rows.Select(r => r.Address).Order());
        Assert.All(read.Rows, r => Assert.Equal((relay, list), (r.Relay, r.List)));
        Assert.All(read.Rows, r => Assert.NotNull(r.Since));
        Assert.Equal((1, (string?)null), await List(relay).UnblockAsync("user5+x@far.test", default));
        Assert.DoesNotContain("user5+x@far.test", _api.Lists[list]);
        Assert.Equal((0, (string?)null), await List(relay).UnblockAsync("user5+x@far.test", default));
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task What_cannot_be_read_is_a_problem_and_not_an_empty_list(string relay, string list)
    {
        _api.Put(list, "a@far.test").Fails = 500;
        Assert.Contains("answers 500", (await List(relay).ListAsync(default)).Problem);
        Assert.Contains("answers 500", (await List(relay).UnblockAsync("a@far.test", default)).Problem);
        _api.Fails = null;
        var wrong = SuppressionList.Of(List(relay).Options with { Key = "another" }, new(_api), _clock);
        Assert.Matches("answers 40[13]", (await wrong.ListAsync(default)).Problem);
    }

    [Fact]
    public async Task A_next_page_on_another_host_is_not_given_the_key()
    {
        _api.Put("bounces", "a@far.test");
        var elsewhere = SuppressionList.Of(Mailgun with { Address = new("https://api.eu.mailgun.test/v3/") }, new(_api), _clock);
        Assert.Contains("leads to another host", (await elsewhere.ListAsync(default)).Problem);
        Assert.DoesNotContain(_api.Asked, a => a.Contains("page=", StringComparison.Ordinal));
    }

    // The get-vanilla case of the suite that AWS published for Signature Version 4.
    [Fact]
    public void The_signature_of_a_request_is_the_published_one()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://example.amazonaws.com/");
        new AwsSignature("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service")
            .Sign(request, new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero));
        Assert.Equal("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
            + "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            Assert.Single(request.Headers.GetValues("Authorization")));
    }

    [Fact]
    public async Task Only_those_whom_we_wrote_to_are_ours()
    {
        var documents = new FakeDocuments(_clock);
        var ledger = new RelayLedger(documents, _clock, NullLogger.Instance);
        var message = new QueueMessage(new(1), "alice@home.test", null, "", default, default, default, 1, long.MaxValue, "<x@home.test>");
        var row = new QueueRecipient(new(1), 0, "Carol@far.test", "relay:brevo", default, "", default, "", 0, 0, "", 0, false);
        await ledger.HandingOverAsync("brevo", message, [row], new KeptHeader("Subject: x\r\n\r\n"u8.ToArray()), default);
        Assert.True(await ledger.HasSentToAsync("brevo", "carol@FAR.test", default));
        Assert.False(await ledger.HasSentToAsync("ses", "carol@far.test", default));
        Assert.False(await ledger.HasSentToAsync("brevo", "dave@far.test", default));
        _clock.Now += RelayLedger.Kept + TimeSpan.FromMinutes(1);
        Assert.False(await ledger.HasSentToAsync("brevo", "carol@far.test", default));
    }
}
