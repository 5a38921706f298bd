using System.Net;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.MailAuth;
using Aviso.Net;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>
/// What is so of a server and of the world around it, all of it well, as values that a test spoils one by one: mail.example.org takes
/// mail for example.org and sends it directly and by one relay.
/// </summary>
internal sealed class DoctorState(TimeProvider clock)
{
    public const string Host = "mail.example.org", Domain = "example.org";
    public static readonly IPAddress Four = IPAddress.Parse("198.51.100.7"), Six = IPAddress.Parse("2001:db8::7");

    private readonly DateTimeOffset _now = clock.GetUtcNow();

    public Deployment Deployment { get; set; } =
        new(Host, [new(Domain, [new("brevo", "include:spf.brevo.example", ["brevo1"])], Direct: true)], false, [Four, Six]);

    public FakeZone Zone { get; } = new FakeZone()
        .Mx(Domain, 10, Host).A(Host, Four.ToString()).Aaaa(Host, Six.ToString()).Ptr(Four.ToString(), Host).Ptr(Six.ToString(), Host)
        .Txt(Domain, "v=spf1 mx include:spf.brevo.example -all").Txt("spf.brevo.example", "v=spf1 ip4:203.0.113.0/24 -all")
        .Txt("mail._domainkey.example.org", "v=DKIM1; k=rsa; p=MIIBIjANBgkq", "hkiG9w0BAQEF")
        .Cname("brevo1._domainkey.example.org", "b1.brevo.example").Txt("b1.brevo.example", "k=rsa; p=AAAA")
        .Txt("_dmarc.example.org", "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.org")
        .Txt("_mta-sts.example.org", "v=STSv1; id=1").Cname("mta-sts.example.org", Host)
        .Add(new NsRecord(".", 300, "a.root-servers.net")).Secure(".");

    /// <summary>How long the resolver takes for an answer.</summary>
    public TimeSpan Takes { get; set; }

    /// <summary>What the zone's own servers say where it is not what the resolver says; null: they do not answer.</summary>
    public Dictionary<string, IReadOnlyList<string>?> Outside { get; } = [];

    public List<SigningKeyInfo> Keys { get; } = [new(Domain, "mail", "rsa-sha256", "signing",
        "mail._domainkey.example.org. IN TXT ( \"v=DKIM1; k=rsa; p=MIIBIjAN\" \"BgkqhkiG9w0BAQEF\" )", "", null)];

    public StsPolicy? Policy { get; set; } = new(StsMode.Enforce, [Host], TimeSpan.FromDays(7));

    public List<DnsDifference> Differences { get; } = [];

    public List<CertificateSight> Certificates { get; } =
        [new([Host, "mta-sts.example.org"], clock.GetUtcNow().AddDays(-30), clock.GetUtcNow().AddDays(60))];

    public List<WantedCertificateSight> Wanted { get; } = [];

    public List<Door> Doors { get; } = [new(ListenerKind.Smtp, new(IPAddress.Loopback, 25)),
        new(ListenerKind.Imaps, new(IPAddress.Loopback, 993))];

    /// <summary>By address and port; all others greet.</summary>
    public Dictionary<IPEndPoint, DoorAnswer> Answers { get; } = [];

    /// <summary>Somebody comes all the time.</summary>
    public List<ClientSight> Clients { get; } =
        [new(ListenerKind.Smtp, 5000, [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2")], clock.GetUtcNow().AddDays(2))];

    public Dictionary<IPAddress, long> Forged { get; } = [];

    public BanTrialSight Bans { get; set; } = new([]);

    public string? SilentEngine { get; set; }

    public TimeSpan? Ahead { get; set; }

    public DiskSight? Disk { get; set; } = new("/var/lib/aviso", 100L << 30, 60L << 30, 1_000_000, 900_000);

    public string? IllStore { get; set; }

    public BackupsSight? Backups { get; set; } = new(
        [new("disk", clock.GetUtcNow(), null, null, clock.GetUtcNow().AddHours(-3), null)], TimeSpan.FromDays(1));

    /// <summary>The one target, otherwise.</summary>
    public BackupsSight Backup(Func<BackupSight, BackupSight> change) => Backups! with { Targets = [change(Backups!.Targets[0])] };

    public List<WaitingSight> Waiting { get; } = [new("elsewhere.example", clock.GetUtcNow().AddHours(20), 1, 0, 1, "450 4.2.0 later")];

    public List<QuotaSight> Quotas { get; } = [new("brevo", 300, 40)];

    /// <summary>Whom the relay blocks of those whom we write to.</summary>
    public SuppressionAnswer Blocked { get; set; } = new([], null);

    public ReplyWatch Replies { get; } = new(clock);

    public List<SendingHold> Holds { get; } = [];

    public List<ProbeStatus> Ways { get; } = [new("brevo", clock.GetUtcNow().AddDays(2), clock.GetUtcNow(), Trip("brevo", null))];

    public List<DmarcReport> Dmarc { get; } = [Report(clock.GetUtcNow().AddHours(-20), failed: false)];

    public List<TlsReport> Tls { get; } = [];

    public List<StaleSecret> Secrets { get; } = [];

    public FilterSight Filter { get; set; } = new(true, null, null, []);

    public SettingsSight Settings { get; set; } = new(null, null, []);

    public LostTracesSight? LostTraces { get; set; }

    /// <summary>What a check of no other use does.</summary>
    public Func<CancellationToken, Task> Fault { get; set; } = _ => Task.CompletedTask;

    /// <summary>Records of one name instead of those that are well.</summary>
    public void Texts(string name, params string[] texts)
    {
        Zone.Remove(name);
        foreach (var text in texts) Zone.Txt(name, text);
        if (name == Domain) Zone.Mx(Domain, 10, Host);
    }

    public void SendsOnlyByRelay() => Deployment = Deployment with { Domains = [Deployment.Domains[0] with { Direct = false }] };

    /// <summary>A round trip that came through, or failed at a stage.</summary>
    public static ProbeResult Trip(string route, string? stage) =>
        new(route, default, TimeSpan.FromSeconds(2), [], stage, stage is null ? "" : "450 4.2.0 later", "", []);

    /// <summary>A report of ten messages from our address.</summary>
    public static DmarcReport Report(DateTimeOffset end, bool failed, bool knowsUs = true) => new()
    {
        Organization = "big.example",
        ReportId = end.ToString("O"),
        Begin = end.AddDays(-1),
        End = end,
        Published = new(Domain, "quarantine", "", "", false, false, 100, ""),
        Rows =
        [
            new() { SourceIp = Four, Count = 8, Disposition = failed ? "quarantine" : "none", DkimPass = !failed, SpfPass = false },
            new() { SourceIp = knowsUs ? Four : Six, Count = 2, Disposition = "none", DkimPass = true, SpfPass = true },
        ],
    };

    public DateTimeOffset Begun => _now;
}
