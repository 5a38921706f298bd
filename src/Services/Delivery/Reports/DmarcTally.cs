using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Counts what we saw of mail in the name of domains that ask for aggregate reports, a day (UTC) and domain at a time. Kept in the
/// store now and then; a crash loses minutes of counting, never mail.
/// </summary>
public sealed class DmarcTally(IDocumentRows documents, TimeProvider clock)
{
    private const string Kind = "dmarc-tally";
    private const int MostDomains = 10_000;
    private const int MostRows = 1_000;
    private const int MostSignatures = 10;

    private readonly Dictionary<string, DomainDay> _days = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <param name="disposition">What we did: none, quarantine, reject.</param>
    /// <param name="reason">Why that is not what the policy asks, or null.</param>
    public void Count(AuthVerdict verdict, IPAddress client, string envelopeFrom, string disposition, DmarcOverride? reason)
    {
        if (verdict.Dmarc.Record is not { AggregateReports.Count: > 0 } record) return;
        var row = new TallyRow(
            client.ToString(), disposition, verdict.Dmarc.DkimAligned, verdict.Dmarc.SpfAligned, reason?.Type ?? "", reason?.Comment ?? "", verdict.Dmarc.Domain, envelopeFrom,
            string.Join('\n', verdict.Dkim.Take(MostSignatures).Select(d => $"{d.Domain}\t{d.Selector}\t{d.Result.ToString().ToLowerInvariant()}")),
            $"{verdict.Spf.Domain}\t{(verdict.Spf.Identity == "helo" ? "helo" : "mfrom")}\t{verdict.Spf.Result.ToString().ToLowerInvariant()}");
        var day = clock.GetUtcNow().UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        var name = $"{day}:{verdict.Dmarc.PolicyDomain}";
        lock (_gate)
        {
            if (!_days.TryGetValue(name, out var counted))
            {
                if (_days.Count >= MostDomains) return;
                _days[name] = counted = new(Published(verdict.Dmarc.PolicyDomain, record), [.. record.AggregateReports], []);
            }
            counted.Changed = true;
            if (counted.Rows.TryGetValue(row, out var before) || counted.Rows.Count < MostRows) counted.Rows[row] = before + 1;
        }
    }

    /// <summary>Reads what was counted before a restart.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        foreach (var document in await documents.ListDocumentsAsync(default, Kind, cancel))
        {
            if (JsonSerializer.Deserialize(document.Value, TallyJson.Default.StoredDay) is not { } stored) continue;
            var day = new DomainDay(stored.Published, stored.Recipients, []);
            foreach (var counted in stored.Rows) day.Rows[counted.Row] = counted.Count;
            lock (_gate) _days.TryAdd(document.Key.Name, day);
        }
    }

    /// <summary>Writes what changed.</summary>
    public async Task SaveAsync(CancellationToken cancel)
    {
        List<Document> changed = [];
        var now = clock.GetUtcNow();
        lock (_gate)
        {
            foreach (var (name, day) in _days.Where(d => d.Value.Changed))
            {
                var stored = new StoredDay(day.Published, day.Recipients, [.. day.Rows.Select(r => new CountedRow(r.Key, r.Value))]);
                changed.Add(new(new(default, Kind, name), JsonSerializer.SerializeToUtf8Bytes(stored, TallyJson.Default.StoredDay),
                    now.ToUnixTimeSeconds(), now.AddDays(7).ToUnixTimeSeconds()));
                day.Changed = false;
            }
        }
        if (changed.Count > 0) await documents.ChangeDocumentsAsync(changed, [], cancel);
    }

    /// <summary>The reports of days that are over, with their key for <see cref="DoneAsync"/>.</summary>
    public IReadOnlyList<(string Key, DmarcPublished Published, IReadOnlyList<string> Recipients, IReadOnlyList<DmarcRow> Rows)> Over()
    {
        var today = clock.GetUtcNow().UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        lock (_gate)
        {
            return [.. _days.Where(d => string.CompareOrdinal(d.Key[..8], today) < 0)
                .Select(d => (d.Key, d.Value.Published, (IReadOnlyList<string>)d.Value.Recipients, (IReadOnlyList<DmarcRow>)[.. d.Value.Rows.Select(r => r.Key.ToRow(r.Value))]))];
        }
    }

    public async Task DoneAsync(string key, CancellationToken cancel)
    {
        lock (_gate) _days.Remove(key);
        await documents.ChangeDocumentsAsync([], [new(default, Kind, key)], cancel);
    }

    private static DmarcPublished Published(string domain, DmarcRecord record) => new(
        domain, Word(record.Policy), Word(record.SubdomainPolicy), "", record.StrictDkim, record.StrictSpf, record.Percent, "");

    private static string Word(DmarcPolicy policy) => policy.ToString().ToLowerInvariant();

    private sealed record DomainDay(DmarcPublished Published, string[] Recipients, Dictionary<TallyRow, long> Rows)
    {
        public bool Changed { get; set; }
    }
}

/// <summary>What was counted of one domain on one day, as kept.</summary>
internal sealed record StoredDay(DmarcPublished Published, string[] Recipients, CountedRow[] Rows);

internal sealed record CountedRow(TallyRow Row, long Count);

/// <summary>Messages with equal rows are counted together; lists are lines of tabbed fields so that rows compare by value.</summary>
internal sealed record TallyRow(
    string Client, string Disposition, bool Dkim, bool Spf, string Reason, string Comment, string HeaderFrom, string EnvelopeFrom, string Signatures, string SpfResult)
{
    public DmarcRow ToRow(long count) => new()
    {
        SourceIp = IPAddress.Parse(Client),
        Count = count,
        Disposition = Disposition,
        DkimPass = Dkim,
        SpfPass = Spf,
        Reasons = Reason.Length > 0 ? [new(Reason, Comment)] : [],
        HeaderFrom = HeaderFrom,
        EnvelopeFrom = EnvelopeFrom,
        Dkim = [.. Lines(Signatures).Select(f => new DmarcDkimResult(f[0], f[1], f[2], ""))],
        Spf = [.. Lines(SpfResult).Select(f => new DmarcSpfResult(f[0], f[1], f[2]))],
    };

    private static IEnumerable<string[]> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t'));
}

[JsonSerializable(typeof(StoredDay))]
internal sealed partial class TallyJson : JsonSerializerContext;
