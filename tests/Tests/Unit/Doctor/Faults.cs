using System.Net;
using Aviso.Base;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Net;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>One thing that goes wrong in a world that is well, and what the doctor must say of it: these codes above information, no
/// other.</summary>
internal sealed record Fault(string Name, Action<DoctorState> Spoil, params FindingCode[] Codes)
{
    public override string ToString() => Name;
}

/// <summary>The fault matrix.</summary>
internal static class Faults
{
    private const string Domain = DoctorState.Domain, Host = DoctorState.Host;
    private static readonly string Four = DoctorState.Four.ToString();
    private static readonly string Listed = "7.100.51.198.zen.spamhaus.org";

    public static IReadOnlyList<Fault> All { get; } = [.. Records(), .. Receiving(), .. Outside(), .. Machine(), .. Mail()];

    /// <summary>What is worth knowing and no trouble.</summary>
    public static IReadOnlyList<Fault> Information { get; } =
    [
        new("nothing leaves", s => s.Deployment = s.Deployment with { IsCaptured = true }, FindingCode.NotLookedAt),
        new("the domain cannot be public", s => s.Deployment = s.Deployment with { Domains = [new("example.test", [], true)] },
            FindingCode.NotLookedAt),
        new("nobody said what SPF the relay needs", s => s.Deployment = s.Deployment with
        {
            Domains = [new(Domain, [new("brevo", null, ["brevo1"])], true)],
        }, FindingCode.RelayWithoutSpf),
        new("DMARC has pct", s => s.Texts("_dmarc.example.org", "v=DMARC1; p=none; pct=50; rua=mailto:dmarc@example.org"),
            FindingCode.DmarcOldTags),
        new("DMARC asks for no reports", s => s.Texts("_dmarc.example.org", "v=DMARC1; p=none"), FindingCode.DmarcNoReports),
        new("the policy is not announced", s => s.Differences.Add(new(Domain, "_mta-sts.example.org", "TXT", DnsPurpose.MtaSts,
            DnsDifferenceKind.Missing,
            ["v=STSv1; id=1"], [], "announces the policy", false)), FindingCode.StsNotAnnounced),
        new("there is no TLSRPT record", s => s.Differences.Add(new(Domain, "_smtp._tls.example.org", "TXT", DnsPurpose.TlsReports,
            DnsDifferenceKind.Missing,
            ["v=TLSRPTv1; rua=mailto:postmaster@example.org"], [], "asks others to report", false)), FindingCode.RecordMissing),
        new("an old key is still published", s => s.Differences.Add(new(Domain, "old._domainkey.example.org", "TXT", DnsPurpose.Dkim,
            DnsDifferenceKind.Unused,
            [], ["v=DKIM1; p=AAAA"], "nothing uses it any more", false)), FindingCode.RecordUnused),
        new("a machine of ours is not declared", s => s.Clients.Add(new(ListenerKind.Submissions, 3, [IPAddress.Parse("192.168.7.7")],
            s.Begun)),
            FindingCode.InternalUndeclared),
        new("nothing is copied elsewhere", s => s.Backups = null, FindingCode.BackupNone),
        new("changed listeners wait for a restart", s => s.Settings = new(null, null, ["listeners"]), FindingCode.SettingsWait),
    ];

    private static IEnumerable<Fault> Records() =>
    [
        new("the relay was switched and SPF still names the old one (incident 1)",
            s => s.Texts(Domain, "v=spf1 mx include:old.vendor.example -all", "google-site-verification=x"),
            FindingCode.RelayNotInSpf, FindingCode.SpfBroken),
        new("the relay's include was taken out of SPF", s => s.Texts(Domain, "v=spf1 mx -all"), FindingCode.RelayNotInSpf),
        new("the SPF record is gone", s => s.Texts(Domain), FindingCode.SpfMissing),
        new("a second SPF record was published", s => s.Texts(Domain, "v=spf1 mx include:spf.brevo.example -all", "v=spf1 -all"),
            FindingCode.SpfSeveral),
        new("SPF has a term that is none", s => s.Texts(Domain, "v=spf1 mx include:spf.brevo.example ipv4:1.2.3.4 -all"),
            FindingCode.SpfBroken),
        new("the relay's own SPF record is gone", s => s.Texts("spf.brevo.example"), FindingCode.SpfBroken),
        new("SPF asks the DNS eleven times", s =>
        {
            s.Texts(Domain, "v=spf1 mx include:spf.brevo.example "
                + string.Concat(Enumerable.Range(0, 9).Select(i => $"a:h{i}.example.org ")) + "-all");
            for (var i = 0; i < 9; i++) s.Zone.A($"h{i}.example.org", Four);
        }, FindingCode.SpfTooManyLookups),
        new("three names of SPF lead nowhere",
            s => s.Texts(Domain, "v=spf1 mx include:spf.brevo.example a:x.example.org a:y.example.org mx:z.example.org -all"),
            FindingCode.SpfTooManyVoids),
        new("SPF ends in +all", s => s.Texts(Domain, "v=spf1 mx include:spf.brevo.example +all"), FindingCode.SpfAllowsEverybody),
        new("our own address is not in SPF", s => s.Texts(Domain, "v=spf1 include:spf.brevo.example -all"), FindingCode.DirectNotInSpf),
        new("the DNS does not answer for the domain", s => s.Zone.Fail(Domain, DnsStatus.ServFail), FindingCode.RecordsNotAnswered),
        new("our DKIM record is gone", s => s.Texts("mail._domainkey.example.org"), FindingCode.DkimNotPublished),
        new("the DKIM record is of another key", s => s.Texts("mail._domainkey.example.org", "v=DKIM1; k=rsa; p=AAAABBBB"),
            FindingCode.DkimOtherKey),
        new("the key in use was replaced by one that waits", s => s.Keys[0] = s.Keys[0] with { State = "waiting" },
            FindingCode.DkimUnsigned),
        new("the relay's DKIM alias is gone", s => s.Texts("brevo1._domainkey.example.org"), FindingCode.RelayKeyMissing),
        new("the relay revoked its key", s => s.Texts("b1.brevo.example", "k=rsa; p="), FindingCode.RelayKeyMissing),
        new("the DMARC record is gone", s => s.Texts("_dmarc.example.org"), FindingCode.DmarcMissing),
        new("there are two DMARC records", s => s.Texts("_dmarc.example.org", "v=DMARC1; p=none", "v=DMARC1; p=reject"),
            FindingCode.DmarcBroken),
        new("DMARC cannot be read", s => s.Texts("_dmarc.example.org", "v=DMARC1; policy=none"), FindingCode.DmarcBroken),
        new("DMARC reports go to a mailbox that is gone (incident 2)",
            s => s.Texts("_dmarc.example.org", "v=DMARC1; p=none; rua=mailto:gone@example.org"),
            FindingCode.DmarcReportsNowhere),
        new("DMARC reports go to the old relay's vendor",
            s => s.Texts("_dmarc.example.org", "v=DMARC1; p=none; rua=mailto:rua@old-vendor.com"),
            FindingCode.DmarcReportsRefused),
        new("neither SPF nor DKIM passes under p=reject", s =>
        {
            s.Texts("_dmarc.example.org", "v=DMARC1; p=reject; rua=mailto:dmarc@example.org");
            s.Texts(Domain, "v=spf1 include:spf.brevo.example -all");
            s.Texts("mail._domainkey.example.org");
        }, FindingCode.DmarcCannotPass, FindingCode.DirectNotInSpf, FindingCode.DkimNotPublished),
        new("the internal zone lacks the mail records (incident 5)",
            s => s.Outside[Domain] = ["v=spf1 mx include:spf.brevo.example ip4:192.0.2.9 -all"],
            FindingCode.DnsDiffers),
    ];

    private static IEnumerable<Fault> Receiving() =>
    [
        new("the MX record is gone", s => s.Zone.Remove(Domain)
            .Txt(Domain, "v=spf1 ip4:198.51.100.7 ip6:2001:db8::7 include:spf.brevo.example -all"), FindingCode.MxMissing),
        new("the MX record leads to somebody else", s => s.Zone.Remove(Domain).Mx(Domain, 10, "mx.other.com")
            .A("mx.other.com", "192.0.2.99")
            .Txt(Domain, "v=spf1 ip4:198.51.100.7 ip6:2001:db8::7 include:spf.brevo.example -all"), FindingCode.MxElsewhere,
                FindingCode.StsLeavesOutMx),
        new("the MX record names an alias", s => s.Zone.Remove(Domain).Mx(Domain, 10, "mx.example.org").Cname("mx.example.org", Host)
            .Txt(Domain, "v=spf1 a:mail.example.org include:spf.brevo.example -all"),
            FindingCode.MxAlias, FindingCode.StsLeavesOutMx, FindingCode.CertificateNameMissing),
        new("a second MX host has no address", s => s.Zone.Mx(Domain, 20, "gone.example.org"), FindingCode.MxNoAddress,
            FindingCode.StsLeavesOutMx),
        new("a second MX host is not in the policy (incident 10)", s => s.Zone.Mx(Domain, 20, "backup.other.com").A("backup.other.com",
            "192.0.2.9"),
            FindingCode.StsLeavesOutMx),
        new("MTA-STS is announced and its host is gone (incident 9)", s => s.Zone.Remove("mta-sts.example.org"), FindingCode.StsNotServed),
        new("MTA-STS is announced and nothing serves it", s =>
        {
            s.Policy = null;
            s.Zone.Remove("mta-sts.example.org");
        }, FindingCode.StsNotServed),
        new("the announcement is of an older policy",
            s => s.Differences.Add(new(Domain, "_mta-sts.example.org", "TXT", DnsPurpose.MtaSts, DnsDifferenceKind.Differs,
            ["v=STSv1; id=2"], ["v=STSv1; id=1"], "the policy has changed", false)), FindingCode.StsDiffers),
        new("TLSA names another key",
            s => s.Differences.Add(new(Host, "_25._tcp." + Host, "TLSA", DnsPurpose.Tlsa, DnsDifferenceKind.Differs,
            ["3 1 1 aa"], ["3 1 1 bb"], "it names other keys", true)), FindingCode.TlsaWrongKey),
        new("TLSA names a key that somebody else renews", s => s.Differences.Add(new(Host, "_25._tcp." + Host, "TLSA", DnsPurpose.Tlsa,
            DnsDifferenceKind.Contradicts, [], ["3 1 1 aa"], "it names the key in use, which somebody else renews", false)),
                FindingCode.TlsaBreaksAtRenewal),
        new("TLSA stands in a zone that is not signed", s => s.Zone.Tlsa("_25._tcp." + Host, 3, 1, 1, new byte[32]),
            FindingCode.TlsaNoDnssec),
        new("an SRV record leads elsewhere", s => s.Differences.Add(new(Domain, "_imaps._tcp.example.org", "SRV", DnsPurpose.Clients,
            DnsDifferenceKind.Differs,
            ["0 1 993 mail.example.org."], ["0 1 993 old.example.org."], "it leads to another host", false)), FindingCode.RecordDiffers),
        new("the certificate is over", s => s.Certificates[0] = s.Certificates[0] with { Until = s.Begun.AddHours(-1) },
            FindingCode.CertificateExpired),
        new("nobody renewed the certificate file", s => s.Certificates[0] = s.Certificates[0] with { Until = s.Begun.AddDays(5) },
            FindingCode.CertificateEndsSoon),
        new("ACME has not renewed for days",
            s => s.Wanted.Add(new(Host, s.Begun.AddDays(20), s.Begun.AddDays(-2), "the authority says: rate limited")),
            FindingCode.CertificateNotRenewed),
        new("ACME brings nothing at all", s => s.Wanted.Add(new(Host, null, null, "the challenge cannot be reached")),
            FindingCode.CertificateNotRenewed),
        new("the certificate is for another name (incident 38)",
            s => s.Certificates[0] = s.Certificates[0] with { Names = ["other.example.org", "mta-sts.example.org"] },
            FindingCode.CertificateNameMissing),
        new("the certificate lacks the policy's host", s => s.Certificates[0] = s.Certificates[0] with { Names = [Host] },
            FindingCode.CertificateNameMissing),
        new("a listener does not greet", s => s.Answers[new(IPAddress.Loopback, 25)] = new(false, "connection refused"),
            FindingCode.DoorSilent),
        new("TLS fails on a listener", s => s.Answers[new(IPAddress.Loopback, 993)] = new(false, "", "handshake failure"),
            FindingCode.DoorTlsFails),
        new("the path over IPv6 is dead (incident 14)", s => s.Answers[new(DoctorState.Six, 25)] = new(false, "no route to host"),
            FindingCode.AddressDead),
    ];

    private static IEnumerable<Fault> Outside() =>
    [
        new("our address has lost its name", s => s.Zone.Remove(DnsName.Reverse(DoctorState.Four)), FindingCode.PtrMissing),
        new("the name of our address leads elsewhere", s => s.Zone.Remove(DnsName.Reverse(DoctorState.Four)).Ptr(Four, "host7.provider.com")
            .A("host7.provider.com", "192.0.2.77"), FindingCode.PtrNotForward),
        new("our host name has no address", s => s.Zone.Remove(Host).Txt(Host, "x"),
            FindingCode.HeloNoAddress, FindingCode.MxNoAddress, FindingCode.PtrNotForward, FindingCode.DirectNotInSpf,
                FindingCode.StsNotServed),
        new("Spamhaus lists our address", s => s.Zone.A(Listed, "127.0.0.3"), FindingCode.AddressListed),
        new("the resolver does not answer", s => s.Zone.Remove(".").Fail(".", DnsStatus.Timeout), FindingCode.ResolverFails),
        new("the resolver makes up answers", s => s.Zone.A("aviso-doctor.invalid", "192.0.2.80"), FindingCode.ResolverLies),
        new("every client has the balancer's address (incident 24)", s => s.Clients[0] = new(ListenerKind.Smtp, 500,
            [IPAddress.Parse("192.0.2.50")], s.Begun),
            FindingCode.OneClientAddress),
        new("a proxy of ours is not declared", s => s.Forged[IPAddress.Parse("192.168.1.5")] = 40, FindingCode.ProxyUndeclared),
        new("nobody has come for a week", s => s.Clients[0] = s.Clients[0] with { LastAt = s.Begun.AddDays(-8) },
            FindingCode.ListenerUnreached),
        new("a ban does not bite (F3)",
            s => s.Bans = new(["imaps 127.0.0.1:993: 203.0.113.251 by PROXY: banned SERVED, others served"]),
            FindingCode.BanWithoutEffect),
        new("the CrowdSec engine is away", s => s.SilentEngine = "connection refused", FindingCode.BanSourceSilent),
    ];

    private static IEnumerable<Fault> Machine() =>
    [
        new("the clock is two minutes late", s => s.Ahead = TimeSpan.FromMinutes(2), FindingCode.ClockWrong),
        new("the disk is nearly full", s => s.Disk = s.Disk! with { Free = 500L << 20 }, FindingCode.DiskFull),
        new("few inodes are left", s => s.Disk = s.Disk! with { FreeInodes = 2000 }, FindingCode.InodesFew),
        new("the store takes nothing", s => s.IllStore = "the disk is read-only", FindingCode.StoreIll),
        new("a backup target is away (incident 50)", s => s.Backups = s.Backup(b => b with
        {
            FailsSince = s.Begun.AddHours(-1), Problem = "there is no folder /mnt/backup",
        }), FindingCode.BackupTargetFails),
        new("a drill finds damage (incident 51)", s => s.Backups = s.Backup(b => b with { DrillProblem = "pieces/ab: it is gone" }),
            FindingCode.BackupDamaged),
        new("no drill is made any more", s => s.Backups = s.Backup(b => b with { ProvenAt = s.Begun.AddDays(-9) }),
            FindingCode.BackupUnproven),
        new("a secret cannot be read (incident 34)", s => s.Secrets.Add(new("secret/mail", s.Begun.AddHours(-3), "Vault is sealed")),
            FindingCode.SecretStale),
        new("what the filter learned is lost", s => s.Filter = s.Filter with { HasMemory = false }, FindingCode.FilterForgot),
        new("the filter stopped learning", s => s.Filter = s.Filter with { LearningFailsSince = s.Begun.AddHours(-1) },
            FindingCode.FilterStoppedLearning),
        new("clamd is away", s => s.Filter = s.Filter with { ScannerSilentSince = s.Begun.AddHours(-1) }, FindingCode.ScannerSilent),
        new("a list refuses us", s => s.Filter = s.Filter with { Lists = [("zen.spamhaus.org", "refused")] }, FindingCode.ListSilent),
        new("the settings file has a slip", s => s.Settings = new("aviso.yaml:3: is no setting", s.Begun, []), FindingCode.SettingsRefused),
        new("traces were lost", s => s.LostTraces = new(7, s.Begun.AddMinutes(-5), "no space left on device"), FindingCode.TracesLost),
        new("a check throws", s => s.Fault = _ => throw new InvalidOperationException("a fault of ours"), FindingCode.CheckFailed),
    ];

    private static IEnumerable<Fault> Mail() =>
    [
        new("mail has waited for a day", s => s.Waiting[0] = s.Waiting[0] with { OldestAt = s.Begun.AddDays(-1) }, FindingCode.QueueOld),
        new("a destination puts everything off",
            s => s.Waiting.Add(new("big.example", s.Begun.AddHours(-2), 8, 0, 5, "451 4.7.1 try later")), FindingCode.DestinationStuck),
        new("the relay refuses our login (incident 35)",
            s => s.Waiting.Add(new("relay:brevo", s.Begun.AddMinutes(-20), 3, 0, 3, "535 5.7.8 bad password")),
            FindingCode.RelayNotTaking),
        new("the relay's quota is nearly used", s => s.Quotas[0] = s.Quotas[0] with { Used = 290 }, FindingCode.RelayQuotaNearlyUsed),
        new("the relay blocks somebody whom we write to (incident 45)",
            s => s.Blocked = new([new("brevo", "carol@elsewhere.example", "blocked", "Blocked : hard bounce", null)], null),
            FindingCode.RelayBlocks),
        new("the relay's list cannot be read", s => s.Blocked = new([], "api.brevo.com answers 401: unauthorized"),
            FindingCode.RelayListUnread),
        new("Gmail wants authentication",
            s => s.Replies.Hear([new("x@gmail.com", "gmail.com", false, true, new EnhancedCode(5, 7, 26), "550 5.7.26 unauthenticated")]),
            FindingCode.ReceiverWantsAuthentication),
        new("Outlook wants authentication",
            s => s.Replies.Hear([new("x@outlook.com", "outlook.com", false, true, new EnhancedCode(5, 7, 515), "550 5.7.515 no access")]),
            FindingCode.ReceiverWantsAuthentication),
        new("mail does not come back (incident 17)",
            s => s.Ways[0] = s.Ways[0] with { Last = DoctorState.Trip("brevo", ProbeStage.Arrive) }, FindingCode.ProbeFailed),
        new("round trips are not made any more (incident 46)", s => s.Ways[0] = s.Ways[0] with { Next = s.Begun.AddHours(-1) },
            FindingCode.ProbeFailed),
        new("an account writes to hundreds of strangers", s => s.Holds.Add(new("bob@example.org", s.Begun, 400, 3)),
            FindingCode.SendingHeld),
        new("reports say that our mail is put aside (incident 1)", s => s.Dmarc[0] = DoctorState.Report(s.Begun.AddHours(-20),
            failed: true), FindingCode.MailPutAside),
        new("reports have stopped (incident 2)", s =>
        {
            s.Dmarc.Clear();
            for (var day = 5; day < 13; day++) s.Dmarc.Add(DoctorState.Report(s.Begun.AddDays(-day), failed: false));
        }, FindingCode.ReportsStopped),
        new("TLS to us fails for others", s => s.Tls.Add(new()
        {
            Organization = "big.example",
            ReportId = "1",
            Start = s.Begun.AddDays(-2),
            End = s.Begun.AddDays(-1),
            Policies = [new("sts", Domain, [], [Host], 50, 30, [new("certificate-expired", "", Host, "", 30, "", "")])],
        }), FindingCode.TlsReportsFailures),
    ];

}
