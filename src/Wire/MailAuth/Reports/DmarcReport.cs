using System.Globalization;
using System.Net;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Aviso.MailAuth;

/// <summary>An aggregate report about one domain (RFC 7489 appendix C, RFC 9990): who sent as this domain, and what came of it.</summary>
public sealed record DmarcReport
{
    /// <summary>Reports have few thousand records; beyond this the rest is not read.</summary>
    public const int MostRows = 100_000;

    private const int MostOctets = 32 << 20;
    private const string EndTag = "</feedback>";

    /// <summary>Who reports.</summary>
    public required string Organization { get; init; }

    public string Email { get; init; } = "";

    public string Contact { get; init; } = "";

    public required string ReportId { get; init; }

    public required DateTimeOffset Begin { get; init; }

    public required DateTimeOffset End { get; init; }

    public IReadOnlyList<string> Errors { get; init; } = [];

    public required DmarcPublished Published { get; init; }

    public required IReadOnlyList<DmarcRow> Rows { get; init; }

    /// <summary>Reads a report of any of its versions; unknown elements are passed over, values are compared without case.</summary>
    /// <param name="problem">Why it is none.</param>
    public static DmarcReport? Parse(ReadOnlySpan<byte> xml, out string problem)
    {
        problem = "";
        if (xml.Length > MostOctets)
        {
            problem = $"the report has more than {MostOctets >> 20} MB";
            return null;
        }
        // Broken UTF-8 in a comment is no reason to lose the figures.
        var text = Encoding.UTF8.GetString(xml).TrimStart('\uFEFF', ' ', '\r', '\n', '\t');
        if (Parse(text, out problem) is { } report) return report;
        // Some reporters leave a schema element open around it.
        var (from, to) = (text.IndexOf("<feedback", StringComparison.Ordinal), text.LastIndexOf(EndTag, StringComparison.Ordinal));
        return from > 0 && to > from ? Parse(text[from..(to + EndTag.Length)], out problem) : null;
    }

    private static DmarcReport? Parse(string text, out string problem)
    {
        try
        {
            using var reader = XmlReader.Create(new StringReader(text), new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Prohibit,
                XmlResolver = null,
                CheckCharacters = false,
                MaxCharactersInDocument = MostOctets,
            });
            return Read(XDocument.Load(reader).Root!, out problem);
        }
        catch (XmlException e)
        {
            problem = "not XML: " + e.Message;
            return null;
        }
    }

    private static DmarcReport? Read(XElement root, out string problem)
    {
        problem = "";
        var about = Child(root, "report_metadata");
        var published = Child(root, "policy_published");
        if (root.Name.LocalName != "feedback" || about is null || published is null || Text(published, "domain").Length == 0)
        {
            problem = "no aggregate report: feedback with report_metadata and policy_published was looked for";
            return null;
        }
        var range = Child(about, "date_range");
        return new()
        {
            Organization = Text(about, "org_name"),
            Email = Text(about, "email"),
            Contact = Text(about, "extra_contact_info"),
            ReportId = Text(about, "report_id"),
            Begin = Time(range, "begin"),
            End = Time(range, "end"),
            Errors = [.. Children(about, "error").Select(e => e.Value.Trim()).Where(e => e.Length > 0)],
            Published = new(
                Text(published, "domain").TrimEnd('.').ToLowerInvariant(), Text(published, "p").ToLowerInvariant(), Text(published, "sp").ToLowerInvariant(),
                Text(published, "np").ToLowerInvariant(), IsStrict(published, "adkim"), IsStrict(published, "aspf"),
                int.TryParse(Text(published, "pct"), NumberStyles.None, CultureInfo.InvariantCulture, out var percent) ? Math.Min(percent, 100) : 100,
                Text(published, "fo")),
            Rows = [.. Children(root, "record").Take(MostRows).Select(Row)],
        };
    }

    private static DmarcRow Row(XElement record)
    {
        var row = Child(record, "row");
        var evaluated = Child(row, "policy_evaluated");
        var who = Child(record, "identifiers") ?? Child(record, "identities");
        var results = Child(record, "auth_results");
        return new()
        {
            SourceIp = IPAddress.TryParse(Text(row, "source_ip"), out var address) ? address : null,
            Count = long.TryParse(Text(row, "count"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0,
            Disposition = Text(evaluated, "disposition").ToLowerInvariant(),
            DkimPass = Passed(Text(evaluated, "dkim")),
            SpfPass = Passed(Text(evaluated, "spf")),
            Reasons = [.. Children(evaluated, "reason").Select(r => new DmarcOverride(Text(r, "type").ToLowerInvariant(), Text(r, "comment"))).Where(r => r.Type.Length > 0)],
            HeaderFrom = Text(who, "header_from").ToLowerInvariant(),
            EnvelopeFrom = Text(who, "envelope_from").ToLowerInvariant(),
            EnvelopeTo = Text(who, "envelope_to").ToLowerInvariant(),
            Dkim = [.. Children(results, "dkim").Select(d => new DmarcDkimResult(
                Text(d, "domain").ToLowerInvariant(), Text(d, "selector"), Text(d, "result").ToLowerInvariant(), Text(d, "human_result")))],
            Spf = [.. Children(results, "spf").Select(s => new DmarcSpfResult(
                Text(s, "domain").ToLowerInvariant(), Text(s, "scope").ToLowerInvariant(), Text(s, "result").ToLowerInvariant()))],
        };
    }

    private static bool IsStrict(XElement published, string name) => Text(published, name).Equals("s", StringComparison.OrdinalIgnoreCase);

    private static bool Passed(string result) => result.Equals("pass", StringComparison.OrdinalIgnoreCase);

    private static DateTimeOffset Time(XElement? range, string name) =>
        long.TryParse(Text(range, name), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds) : DateTimeOffset.UnixEpoch;

    // Reporters write with the namespace, with another, or without.
    private static XElement? Child(XElement? parent, string name) => parent?.Elements().FirstOrDefault(e => e.Name.LocalName == name);

    private static IEnumerable<XElement> Children(XElement? parent, string name) => parent?.Elements().Where(e => e.Name.LocalName == name) ?? [];

    private static string Text(XElement? parent, string name) => Child(parent, name)?.Value.Trim() ?? "";
}

/// <summary>The policy a reporter found: p, sp, np as written, lower case; empty when absent.</summary>
public sealed record DmarcPublished(
    string Domain, string Policy, string SubdomainPolicy, string NonexistentPolicy, bool StrictDkim, bool StrictSpf, int Percent, string FailureOptions);

/// <summary>Messages of one source with the same results.</summary>
public sealed record DmarcRow
{
    /// <summary>Null when the reporter wrote something else.</summary>
    public IPAddress? SourceIp { get; init; }

    public long Count { get; init; }

    /// <summary>none, quarantine, reject, or what the reporter wrote (pass).</summary>
    public string Disposition { get; init; } = "";

    /// <summary>An aligned signature passed.</summary>
    public bool DkimPass { get; init; }

    /// <summary>SPF passed and was aligned.</summary>
    public bool SpfPass { get; init; }

    public bool Passed => DkimPass || SpfPass;

    public IReadOnlyList<DmarcOverride> Reasons { get; init; } = [];

    public string HeaderFrom { get; init; } = "";

    public string EnvelopeFrom { get; init; } = "";

    public string EnvelopeTo { get; init; } = "";

    public IReadOnlyList<DmarcDkimResult> Dkim { get; init; } = [];

    public IReadOnlyList<DmarcSpfResult> Spf { get; init; } = [];
}

/// <param name="Type">forwarded, mailing_list, local_policy, trusted_forwarder, sampled_out, other...</param>
public sealed record DmarcOverride(string Type, string Comment);

public sealed record DmarcDkimResult(string Domain, string Selector, string Result, string Explanation);

/// <param name="Scope">mfrom or helo; empty when not said.</param>
public sealed record DmarcSpfResult(string Domain, string Scope, string Result);
