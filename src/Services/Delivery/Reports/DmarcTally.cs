using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Counts what we saw of mail in the name of domains that ask for aggregate reports, a day (UTC) and domain at a time.
/// </summary>
public sealed class DmarcTally(IDocumentRows documents, TimeProvider clock)
{
    private const string Kind = "dmarc-tally";
    private const int MostRows = 1_000;
    private const int MostSignatures = 10;

    private readonly DayTally<DomainDay> _days = new(documents, clock, Kind, (_, day) => day.Write(), DomainDay.Read);

    /// <param name="disposition">What we did: none, quarantine, reject.</param>
    /// <param name="reason">Why that is not what the policy asks, or null.</param>
    public void Count(AuthVerdict verdict, IPAddress client, string envelopeFrom, string disposition, DmarcOverride? reason)
    {
        if (verdict.Dmarc.Record is not { AggregateReports.Count: > 0 } record) return;
        var row = new TallyRow(
            client.ToString(), disposition, verdict.Dmarc.DkimAligned, verdict.Dmarc.SpfAligned, reason?.Type ?? "", reason?.Comment
                ?? "", verdict.Dmarc.Domain, envelopeFrom,
            string.Join('\n',
                verdict.Dkim.Take(MostSignatures).Select(d => $"{d.Domain}\t{d.Selector}\t{d.Result.ToString().ToLowerInvariant()}")),
            $"{verdict.Spf.Domain}\t{(verdict.Spf.Identity == "helo" ? "helo" : "mfrom")}\t{verdict.Spf.Result.ToString().ToLowerInvariant()}");
        _days.Count(
            verdict.Dmarc.PolicyDomain,
            () => new(Published(verdict.Dmarc.PolicyDomain, record), [.. record.AggregateReports], []),
            day =>
            {
                if (day.Rows.TryGetValue(row, out var before) || day.Rows.Count < MostRows) day.Rows[row] = before + 1;
                else ReportMeters.NotCounted(Kind);
            });
    }

    /// <summary>Reads what was counted before a restart.</summary>
    public Task LoadAsync(CancellationToken cancel) => _days.LoadAsync(cancel);

    /// <summary>Writes what changed.</summary>
    public Task SaveAsync(CancellationToken cancel) => _days.SaveAsync(cancel);

    /// <summary>The reports of days that are over, with their key for <see cref="DoneAsync"/>.</summary>
    public IReadOnlyList<(string Key, DmarcPublished Published, IReadOnlyList<string> Recipients, IReadOnlyList<DmarcRow> Rows)> Over() =>
        _days.Over((key, _, day) =>
            (key, day.Published, (IReadOnlyList<string>)day.Recipients,
                (IReadOnlyList<DmarcRow>)[.. day.Rows.Select(r => r.Key.ToRow(r.Value))]));

    public Task DoneAsync(string key, CancellationToken cancel) => _days.DoneAsync(key, cancel);

    private static DmarcPublished Published(string domain, DmarcRecord record) => new(
        domain, Word(record.Policy), Word(record.SubdomainPolicy), "", record.StrictDkim, record.StrictSpf, record.Percent, "");

    private static string Word(DmarcPolicy policy) => policy.ToString().ToLowerInvariant();

    private sealed record DomainDay(DmarcPublished Published, string[] Recipients, Dictionary<TallyRow, long> Rows)
    {
        public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(
            new StoredDay(Published, Recipients, [.. Rows.Select(r => new CountedRow(r.Key, r.Value))]), TallyJson.Default.StoredDay);

        public static DomainDay? Read(Document document)
        {
            if (document.Read(TallyJson.Default.StoredDay) is not { Rows: not null } stored) return null;
            var day = new DomainDay(stored.Published, stored.Recipients, []);
            foreach (var counted in stored.Rows) day.Rows[counted.Row] = counted.Count;
            return day;
        }
    }
}

/// <summary>What was counted of one domain on one day, as kept.</summary>
internal sealed record StoredDay(DmarcPublished Published, string[] Recipients, CountedRow[] Rows);

internal sealed record CountedRow(TallyRow Row, long Count);

/// <summary>Messages with equal rows are counted together; lists are lines of tabbed fields so that rows compare by value.</summary>
internal sealed record TallyRow(
    string Client, string Disposition, bool Dkim, bool Spf, string Reason, string Comment, string HeaderFrom, string EnvelopeFrom,
        string Signatures, string SpfResult)
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

    private static IEnumerable<string[]> Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t'));
}

[JsonSerializable(typeof(StoredDay))]
internal sealed partial class TallyJson : JsonSerializerContext;
