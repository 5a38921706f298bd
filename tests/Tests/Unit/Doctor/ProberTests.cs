using System.Net;
using System.Text.Json.Nodes;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>Round trips by a vendor's API that is faked after its documentation; what it is given comes into a real store.</summary>
public sealed class ProberTests
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(20), Share = TimeSpan.FromMinutes(48),
        Impatient = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_thousand_runs_leave_nothing_behind()
    {
        await using var scene = await Scene.OpenAsync();
        for (var i = 0; i < 1000; i++)
        {
            var result = await scene.RunAsync();
            Assert.True(result.Came, result.Problem);
        }
        Assert.Equal(0, await scene.LeftAsync());
        Assert.Equal(1000, scene.Vendor.Asked.Count);
        // As Brevo documents POST /v3/smtp/email.
        var asked = scene.Vendor.Asked[0];
        Assert.Equal(("https://api.vendor.test/v3/smtp/email", "key"), (asked.Uri, asked.Key));
        Assert.Equal("probe@vendor.test", asked.Json["sender"]!["email"]!.GetValue<string>());
        Assert.Equal("probe@example.test", asked.Json["to"]![0]!["email"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_fails_is_named_by_its_stage()
    {
        await using var scene = await Scene.OpenAsync();
        scene.Vendor.Status = HttpStatusCode.Unauthorized;
        var refused = await scene.RunAsync();
        Assert.Equal((ProbeStage.Send, "api answers 401: {\"message\":\"Key not found\"}"), (refused.FailedStage, refused.Problem));

        scene.Vendor.Status = HttpStatusCode.Created;
        scene.Vendor.Mailbox = "Junk";
        var junk = await scene.RunAsync();
        Assert.Equal(ProbeStage.Verdict, junk.FailedStage);
        Assert.Contains("Junk", junk.Problem, StringComparison.Ordinal);
        Assert.Equal(0, await scene.LeftAsync());

    }

    [Fact]
    public async Task What_does_not_come_was_handed_over_at_least()
    {
        await using var scene = await Scene.OpenAsync(Impatient);
        scene.Vendor.Mailbox = null;
        var lost = await scene.RunAsync();
        Assert.Equal((ProbeStage.Arrive, "it was handed over and has not come within 1 s"), (lost.FailedStage, lost.Problem));
        Assert.Equal(["send"], lost.Steps.Select(s => s.Stage));
    }

    [Fact]
    public async Task What_comes_late_is_taken_away_even_after_a_restart()
    {
        await using var scene = await Scene.OpenAsync(Impatient);
        scene.Vendor.Mailbox = null;
        Assert.False((await scene.RunAsync()).Came);
        scene.StartAgain();
        scene.Vendor.Mailbox = "INBOX";
        await scene.RunAsync();
        await scene.Vendor.DeliverAsync(scene.Vendor.Asked[0].Subject);
        // Somebody else's mail is nobody's probe, whatever its subject.
        await scene.Vendor.DeliverAsync("Round-trip probe aaaaaaaaaaaaaaaaaaaaaaaaaa");
        await Patience.UntilAsync(async () => await scene.LeftAsync() == 1, "the late one is gone");
    }

    [Fact]
    public async Task A_quota_is_used_by_its_share_whatever_the_clock_says()
    {
        await using var scene = await Scene.OpenAsync();
        await scene.RunAsync();
        var began = scene.Test.Clock.GetUtcNow();
        Assert.Equal(began + Share, scene.Next);
        scene.Test.Clock.Jump(TimeSpan.FromDays(-3));
        Assert.Equal(scene.Test.Clock.GetUtcNow() + Share, scene.Next);
        // After a restart only the time that was written down is known; one that has not come yet is waited for as if it were now.
        scene.StartAgain();
        await scene.RememberAsync();
        Assert.Equal(scene.Test.Clock.GetUtcNow() + Share, scene.Next);
        scene.Test.Clock.Jump(TimeSpan.FromDays(3) + TimeSpan.FromMinutes(8));
        scene.StartAgain();
        await scene.RememberAsync();
        Assert.Equal(scene.Test.Clock.GetUtcNow() + TimeSpan.FromMinutes(40), scene.Next);
    }

    [Fact]
    public void A_push_says_what_is_true_and_leaves_out_what_is_not_known()
    {
        ProbeResult Result(string route, string? stage) =>
            new(route, default, TimeSpan.FromSeconds(2.5), [], stage, stage is null ? "" : "no & no", "", []);
        (string, ProbeMemory)[] standing =
            [("direct", new(100, 102, Result("direct", null))), ("brevo", new(100, 0, Result("brevo", "relay"))),
                ("old", new(90, 91, null))];
        Assert.Equal("""
            # TYPE email_roundtrip_success gauge
            email_roundtrip_success{route="direct"} 1
            email_roundtrip_success{route="brevo"} 0
            # TYPE email_roundtrip_duration_seconds gauge
            email_roundtrip_duration_seconds{route="direct"} 2.5
            # TYPE email_roundtrip_last_success_timestamp gauge
            email_roundtrip_last_success_timestamp{route="direct"} 102
            email_roundtrip_last_success_timestamp{route="old"} 91

            """.ReplaceLineEndings("\n"), ProbePush.Text(standing));
        var monitor = new Uri("https://kuma.test/api/push/TOKEN?status=up&msg=OK&ping=");
        Assert.Equal("https://kuma.test/api/push/TOKEN?status=down&msg=brevo%3A%20relay%3A%20no%20%26%20no&ping=2500",
            ProbePush.Kuma(monitor, standing).AbsoluteUri);
        Assert.Equal("https://kuma.test/api/push/TOKEN?status=up&msg=OK&ping=2500", ProbePush.Kuma(monitor, standing[..1]).AbsoluteUri);
    }

    [Fact]
    public void A_probe_finds_its_relay_by_its_sender()
    {
        Assert.True(MailAddress.TryParse("probe@example.test", out var account));
        Assert.True(MailAddress.TryParse("smoke@example.test", out var to));
        var router = new Router([RelaySend.RouteFor(account, to, "Brevo"), RelaySend.RouteFor(account, to, "ses"), new(null, null, "ses")]);
        Assert.Equal("relay:Brevo", router.DestinationFor(RelaySend.SenderFor(account, "Brevo"), to));
        Assert.Equal("relay:ses", router.DestinationFor(RelaySend.SenderFor(account, "ses"), to));
        Assert.Equal("relay:ses", router.DestinationFor(account, to));
    }

    private sealed class Scene : IAsyncDisposable
    {
        private readonly ProbeOptions _options;
        private readonly AccountId _account;

        private Scene(TestStore test, AccountId account, TimeSpan? patience)
        {
            (Test, _account, Vendor) = (test, account, new(test, account));
            Assert.True(MailAddress.TryParse("probe@example.test", out var address));
            Assert.True(MailAddress.TryParse("probe@vendor.test", out var from));
            _options = new()
            {
                HostName = "mail.example.test",
                Account = address,
                To = address,
                Every = Every,
                Patience = patience ?? TimeSpan.FromMinutes(5),
                Ways = [new ApiWay("api", Share, ProbeVendor.Brevo, new("https://api.vendor.test/v3/"), "key", from)],
            };
            Prober = New();
        }

        public TestStore Test { get; }

        public FakeVendor Vendor { get; }

        public Prober Prober { get; private set; }

        public DateTimeOffset Next => Prober.Status()[0].Next;

        public static async Task<Scene> OpenAsync(TimeSpan? patience = null)
        {
            var test = await TestStore.OpenAsync();
            return new(test, (await test.AccountAsync("probe@example.test")).Account, patience);
        }

        public void StartAgain()
        {
            Prober.Dispose();
            Prober = New();
        }

        public async Task<ProbeResult> RunAsync() => Assert.Single((await Prober.RunNowAsync(null, default))!);

        /// <summary>Until what is written down has been read.</summary>
        public async Task RememberAsync()
        {
            using var stop = new CancellationTokenSource();
            var running = Prober.RunAsync(stop.Token);
            await Patience.UntilAsync(() => Task.FromResult(Prober.Status()[0].Last is not null), "the memory is there");
            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        public async Task<int> LeftAsync() => (await Test.Store.ListMailboxesAsync(_account, default)).Sum(m => m.Exists);

        public async ValueTask DisposeAsync()
        {
            Prober.Dispose();
            await Test.DisposeAsync();
        }

        private Prober New() => new(new(Test.Store, new MessageReader(), new FakeZone(), new(), (_, _) => default, () => { }, _ => _account,
            _ => Task.FromResult(""), Test.Clock, NullLogger.Instance)
        { Outside = () => Vendor }, _options);
    }

    private sealed record Asked(string Uri, string Key, JsonNode Json)
    {
        public string Subject => Json["subject"]!.GetValue<string>();
    }

    private sealed class FakeVendor(TestStore test, AccountId account) : HttpMessageHandler
    {
        public List<Asked> Asked { get; } = [];

        public HttpStatusCode Status { get; set; } = HttpStatusCode.Created;

        /// <summary>Null: what it takes never comes.</summary>
        public string? Mailbox { get; set; } = "INBOX";

        public Task DeliverAsync(string subject) => test.DeliverAsync(account, $"Subject: {subject}\r\n\r\nx\r\n", Mailbox!);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var json = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
            Asked.Add(new(request.RequestUri!.AbsoluteUri, request.Headers.GetValues("api-key").Single(), json));
            if (Status == HttpStatusCode.Created && Mailbox is not null) await DeliverAsync(Asked[^1].Subject);
            return new(Status) { Content = new StringContent(Status == HttpStatusCode.Created ? "{}" : "{\"message\":\"Key not found\"}") };
        }
    }
}
