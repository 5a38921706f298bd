using System.Globalization;
using System.IO.Compression;
using Aviso.Base;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Who we are in reports.</summary>
/// <param name="HostName">The reporting system.</param>
/// <param name="From">Sender of the reports and contact, an address of ours.</param>
/// <param name="Send">False: nothing is sent, what was counted is dropped when its day is over.</param>
public sealed record ReportOptions(string HostName, string From, bool Send);

/// <summary>
/// Sends the reports of each day that is over: aggregate DMARC reports (RFC 7489 §7.2) and TLS reports (RFC 8460 §5), as bulk mail, so
/// that they never use what a relay's quota keeps for people. A receiver elsewhere must have agreed (RFC 7489 §7.1).
/// </summary>
public sealed class ReportSender(
    ReportOptions options, DmarcTally dmarc, TlsTally tls, IMailStore store, MessageReader reader, IRouter router, IResolver resolver,
        IdSource ids,
    TimeProvider clock, ILogger log)
{
    private const int MostRecipients = 5;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    public ReportOptions Options { get; set; } = options;

    /// <summary>Called when something new stands in the queue.</summary>
    public Action? Queued { get; init; }

    /// <summary>DKIM-Signature fields for a message of a domain of ours; empty without a key.</summary>
    public Func<SpooledBody, string, ReadOnlyMemory<byte>>? Sign { get; init; }

    /// <summary>Keeps what was counted and sends what is due, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await GuardedAsync(async () =>
        {
            await dmarc.LoadAsync(stop);
            await tls.LoadAsync(stop);
        });
        try
        {
            while (true)
            {
                await Task.Delay(Every, clock, stop);
                await GuardedAsync(() => OnceAsync(stop));
            }
        }
        finally
        {
            await GuardedAsync(async () =>
            {
                await dmarc.SaveAsync(CancellationToken.None);
                await tls.SaveAsync(CancellationToken.None);
            });
        }
    }

    /// <summary>One round.</summary>
    public async Task OnceAsync(CancellationToken cancel)
    {
        await dmarc.SaveAsync(cancel);
        await tls.SaveAsync(cancel);
        if (dmarc.TakeLeftOut() is > 0 and var messages) log.MessagesNotCounted(messages, DayTally.MostDomains);
        if (tls.TakeLeftOut() is > 0 and var sessions) log.SessionsNotCounted(sessions, DayTally.MostDomains);
        foreach (var day in dmarc.Over())
        {
            if (Options.Send) await SendDmarcAsync(day, cancel);
            await dmarc.DoneAsync(day.Key, cancel);
        }
        foreach (var (key, domain, policies) in tls.Over())
        {
            if (Options.Send) await SendTlsAsync(key, domain, policies, cancel);
            await tls.DoneAsync(key, cancel);
        }
    }

    private async Task GuardedAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.ReportsFailed(e);
        }
    }

    private async Task SendDmarcAsync(DmarcDay day, CancellationToken cancel)
    {
        var (begin, end) = Day(day.Key);
        var published = day.Published;
        var id = IdText.Format(ids.Next());
        var xml = DmarcReportWriter.Write(new()
        {
            Organization = Options.HostName,
            Email = Options.From,
            ReportId = id,
            Begin = begin,
            End = end,
            Published = published,
            Rows = day.Rows,
            Errors = day.Errors,
        });
        var packed = Pack(xml);
        var to = await MailboxesAsync("dmarc", day.Recipients, published.Domain, packed.Length, cancel);
        if (to.Count == 0) return;
        // RFC 7489 §7.2.1.1: receiver "!" policy-domain "!" begin "!" end; the subject as there.
        var name = string.Create(CultureInfo.InvariantCulture,
            $"{Options.HostName}!{published.Domain}!{begin.ToUnixTimeSeconds()}!{end.ToUnixTimeSeconds()}.xml.gz");
        var header = Header(to, $"Report Domain: {published.Domain} Submitter: {Options.HostName} Report-ID: <{id}>", id);
        var body = MimeEntity.Multipart("mixed",
            MimeEntity.Text(
                $"This is an aggregate report about mail in the name of {published.Domain} that {Options.HostName} received on {begin:yyyy-MM-dd} (UTC).\r\n"),
            MimeEntity.Attachment("application/gzip", name, packed));
        await QueueAsync("dmarc", published.Domain, day.Key[..8], header, body, to, cancel);
    }

    private async Task SendTlsAsync(string key, string domain, IReadOnlyList<TlsReportPolicy> policies, CancellationToken cancel)
    {
        if (await TlsRecipientsAsync(domain, cancel) is not { Count: > 0 } recipients) return;
        var (begin, end) = Day(key);
        var id = $"{begin:yyyy-MM-dd'T'HH:mm:ss'Z'}_{domain}";
        var report = new TlsReport
        {
            Organization = Options.HostName,
            Start = begin,
            End = end,
            Contact = Options.From,
            ReportId = id,
            Policies = policies,
        };
        var json = report.Write();
        var packed = Pack(json);
        var to = Mailboxes(recipients, packed.Length).Select(m => m.Address).Take(MostRecipients).ToList();
        if (to.Count == 0) return;
        var name = string.Create(
            CultureInfo.InvariantCulture, $"{Options.HostName}!{domain}!{begin.ToUnixTimeSeconds()}!{end.ToUnixTimeSeconds()}.json.gz");
        // RFC 8460 §5.3: these two fields, and multipart/report.
        var header = Header(to, $"Report Domain: {domain} Submitter: {Options.HostName} Report-ID: <{id}>", IdText.Format(ids.Next()))
            .Raw("TLS-Report-Domain", domain).Raw("TLS-Report-Submitter", Options.HostName);
        var body = MimeEntity.Multipart("report", [new MimeParameter("report-type", "tlsrpt")],
        [
            MimeEntity.Text($"This is a report about TLS between {Options.HostName} and {domain} on {begin:yyyy-MM-dd} (UTC).\r\n"),
            MimeEntity.Attachment("application/tlsrpt+gzip", name, packed),
        ]);
        await QueueAsync("tls", domain, key[..8], header, body, to, cancel);
    }

    private HeaderWriter Header(IReadOnlyList<string> to, string subject, string id) => new HeaderWriter()
        .Addresses("From", Address(Options.From)).Addresses("To", to.Select(Address)).Text("Subject", subject)
        .Date("Date", clock.GetUtcNow()).Ids("Message-ID", $"{id}.report@{Options.HostName}").Raw("Auto-Submitted", "auto-generated");

    private static HeaderAddress Address(string address) => HeaderAddress.Of("", RowAddresses.Read(address));

    private async Task QueueAsync(
        string kind, string domain, string day, HeaderWriter header, MimeEntity body, IReadOnlyList<string> to, CancellationToken cancel)
    {
        using var message = store.Spool.Begin();
        message.Write(new MessageComposer(header, body).Compose());
        var signature = Sign?.Invoke(message, MailAddress.DomainOf(Options.From)) ?? default;
        var due = clock.GetUtcNow().ToUnixTimeMilliseconds();
        // A report that cannot be delivered is of no use to anybody: no bounce.
        var queue = new QueueSubmission(Options.From, null, "", DsnReturn.Unspecified, QueueNeeds.None, QueuePriority.Bulk, signature,
            [.. to.Select(a => new QueueTarget(a, router.DestinationFor(Options.From, a), DsnNotify.Never, "", due))]);
        var stored = await store.AcceptAsync(new Acceptance(message, reader.Render(message), [], queue)
        {
            ReceivedAt = due / 1000,
            Origin = "report",
        }, cancel);
        if (!stored.Ok) throw new InvalidOperationException($"the store says {stored.Error}");
        ReportMeters.Sent(kind);
        log.ReportSent(kind, domain, day, string.Join(' ', to));
        Queued?.Invoke();
    }

    private async Task<List<string>> MailboxesAsync(
        string kind, IReadOnlyList<string> uris, string domain, int octets, CancellationToken cancel)
    {
        var taken = new List<string>();
        foreach (var (address, reason) in Mailboxes(uris, octets))
        {
            var why = taken.Count == MostRecipients ? $"the report has {MostRecipients} recipients already"
                : reason ?? await DisagreesAsync(domain, MailAddress.DomainOf(address), cancel);
            if (why is null) taken.Add(address);
            else log.ReportNotSent(kind, domain, address, why);
        }
        return taken;
    }

    // RFC 7489 §6.2: mailto:address!10m. Other schemes are not used.
    private static IEnumerable<(string Address, string? Reason)> Mailboxes(IReadOnlyList<string> uris, int octets)
    {
        foreach (var uri in uris.Where(u => u.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)))
        {
            var parts = Uri.UnescapeDataString(uri[7..].Split('?')[0]).Trim().Split('!');
            if (!MailAddress.TryParse(parts[0], out var address) || !System.Text.Ascii.IsValid(parts[0])) continue;
            var limit = parts.Length > 1 ? Limit(parts[1]) : long.MaxValue;
            if (octets <= limit) yield return (address.Wire, null);
        }
    }

    private static long Limit(string text)
    {
        var unit = text.Length > 0 ? char.ToLowerInvariant(text[^1]) : '0';
        var scale = "kmgt".IndexOf(unit, StringComparison.Ordinal);
        return long.TryParse(scale < 0 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number < 1 << 20
            ? number << (10 * (scale + 1)) : long.MaxValue;
    }

    // RFC 7489 §7.1: a domain elsewhere says at DOMAIN._report._dmarc.RECEIVER that it takes these reports.
    private async Task<string?> DisagreesAsync(string domain, string receiver, CancellationToken cancel)
    {
        if (PublicSuffixes.Embedded.OrganizationalDomain(receiver) == PublicSuffixes.Embedded.OrganizationalDomain(domain)) return null;
        var answer = await resolver.QueryAsync($"{domain}._report._dmarc.{receiver}", DnsType.Txt, cancel);
        return answer.Records.OfType<TxtRecord>()
            .Any(r => r.Text.Replace(" ", "", StringComparison.Ordinal).StartsWith("v=DMARC1", StringComparison.Ordinal))
            ? null : $"{receiver} does not say that it takes reports about {domain}";
    }

    // RFC 8460 §3
    private async Task<IReadOnlyList<string>> TlsRecipientsAsync(string domain, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync($"_smtp._tls.{domain}", DnsType.Txt, cancel);
        var records = answer.Records.OfType<TxtRecord>().Select(r => r.Text)
            .Where(t => t.StartsWith("v=TLSRPTv1", StringComparison.Ordinal)).ToList();
        if (records.Count != 1) return [];
        var rua = records[0].Split(';').Select(t => t.Trim()).FirstOrDefault(t => t.StartsWith("rua=", StringComparison.Ordinal));
        return rua is null ? [] : rua[4..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private static (DateTimeOffset Begin, DateTimeOffset End) Day(string key)
    {
        var begin = new DateTimeOffset(DateTime.ParseExact(key[..8], "yyyyMMdd", CultureInfo.InvariantCulture), TimeSpan.Zero);
        return (begin, begin.AddDays(1).AddSeconds(-1));
    }

    private static byte[] Pack(byte[] octets)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(octets);
        return packed.ToArray();
    }
}
