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
    internal const int MostRows = 1_000;
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
                else
                {
                    day.LeftOut++;
                    ReportMeters.NotCounted(Kind);
                }
            });
    }

    /// <summary>Messages that no domain's report will name, since this was asked last.</summary>
    public long TakeLeftOut() => _days.TakeLeftOut();

    /// <summary>Reads what was counted before a restart.</summary>
    public Task LoadAsync(CancellationToken cancel) => _days.LoadAsync(cancel);

    /// <summary>Writes what changed.</summary>
    public Task SaveAsync(CancellationToken cancel) => _days.SaveAsync(cancel);

    /// <summary>The reports of days that are over.</summary>
    public IReadOnlyList<DmarcDay> Over() => _days.Over((key, _, day) =>
        new DmarcDay(key, day.Published, day.Recipients, [.. day.Rows.Select(r => r.Key.ToRow(r.Value))], day.LeftOut));

    public Task DoneAsync(string key, CancellationToken cancel) => _days.DoneAsync(key, cancel);

    private static DmarcPublished Published(string domain, DmarcRecord record) => new(
        domain, Word(record.Policy), Word(record.SubdomainPolicy), "", record.StrictDkim, record.StrictSpf, record.Percent, "");

    private static string Word(DmarcPolicy policy) => policy.ToString().ToLowerInvariant();

    private sealed record DomainDay(DmarcPublished Published, string[] Recipients, Dictionary<TallyRow, long> Rows)
    {
        /// <summary>Messages that fit into no row any more.</summary>
        public long LeftOut { get; set; }

        public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(
            new StoredDay(Published, Recipients, [.. Rows.Select(r => new CountedRow(r.Key, r.Value))], LeftOut),
            TallyJson.Default.StoredDay);

        public static DomainDay? Read(Document document)
        {
            if (document.Read(TallyJson.Default.StoredDay) is not { Rows: not null } stored) return null;
            var day = new DomainDay(stored.Published, stored.Recipients, []) { LeftOut = stored.LeftOut };
            foreach (var counted in stored.Rows) day.Rows[counted.Row] = counted.Count;
            return day;
        }
    }
}

/// <summary>The report of one domain and day.</summary>
/// <param name="Key">For <see cref="DmarcTally.DoneAsync"/>.</param>
/// <param name="LeftOut">Messages that the rows do not name, because a report has a bounded number of them.</param>
public sealed record DmarcDay(
    string Key, DmarcPublished Published, IReadOnlyList<string> Recipients, IReadOnlyList<DmarcRow> Rows, long LeftOut)
{
    /// <summary>For the report's reader (RFC 7489 appendix C, "error").</summary>
    public IReadOnlyList<string> Errors => LeftOut == 0 ? []
        : [$"{LeftOut} messages of this day are in no record: a report has at most {DmarcTally.MostRows} records"];
}

/// <summary>What was counted of one domain on one day, as kept.</summary>
internal sealed record StoredDay(DmarcPublished Published, string[] Recipients, CountedRow[] Rows, long LeftOut = 0);

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
