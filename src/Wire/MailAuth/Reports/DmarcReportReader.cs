using System.Globalization;
using System.Net;
using System.Xml;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>Reads an aggregate report element by element; nothing but the rows is kept of it.</summary>
internal sealed class DmarcReportReader
{
    private const int MostRows = DmarcReport.MostRows;
    private const int MostResults = 50;
    private const int MostErrors = 20;
    private const string EndTag = "</feedback>";

    private readonly ReportXml _xml;
    private readonly List<DmarcRow> _rows = [];
    private readonly List<string> _errors = [];
    private readonly Dictionary<string, string> _about = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _range = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _published = new(StringComparer.Ordinal);
    private bool _isCut;

    private DmarcReportReader(ReportXml xml) => _xml = xml;

    public static DmarcReport? Read(string text, WorkBudget work, out string problem)
    {
        text = text.TrimStart('\uFEFF', ' ', '\r', '\n', '\t');
        if (ReadWhole(text, work, out problem) is { } report) return report;
        // Some reporters leave a schema element open around it.
        var (from, to) = (text.IndexOf("<feedback", StringComparison.Ordinal), text.LastIndexOf(EndTag, StringComparison.Ordinal));
        return from > 0 && to > from ? ReadWhole(text[from..(to + EndTag.Length)], work, out problem) : null;
    }

    private static DmarcReport? ReadWhole(string text, WorkBudget work, out string problem)
    {
        work.Take(text.Length / 4);
        try
        {
            using var reader = XmlReader.Create(new StringReader(text), new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Prohibit,
                XmlResolver = null,
                CheckCharacters = false,
            });
            return new DmarcReportReader(new(reader, work)).Report(out problem);
        }
        catch (XmlException e)
        {
            problem = "not XML: " + e.Message;
            return null;
        }
    }

    private DmarcReport? Report(out string problem)
    {
        problem = "";
        if (_xml.Root() == "feedback") _xml.Each(Part);
        if (_about.Count == 0 || Value(_published, "domain").Length == 0)
        {
            problem = "no aggregate report: feedback with report_metadata and policy_published was looked for";
            return null;
        }
        return new()
        {
            Organization = Value(_about, "org_name"),
            Email = Value(_about, "email"),
            Contact = Value(_about, "extra_contact_info"),
            ReportId = Value(_about, "report_id"),
            Begin = ReportText.Time(Value(_range, "begin")),
            End = ReportText.Time(Value(_range, "end")),
            Errors = _errors,
            Published = new(
                Value(_published, "domain").TrimEnd('.').ToLowerInvariant(), Lower(_published, "p"), Lower(_published, "sp"),
                    Lower(_published, "np"),
                Lower(_published, "adkim") == "s", Lower(_published, "aspf") == "s",
                int.TryParse(Value(_published, "pct"), NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
                    ? Math.Min(percent, 100) : 100,
                Value(_published, "fo")),
            Rows = _rows,
            IsCut = _isCut,
        };
    }

    private void Part(string name)
    {
        switch (name)
        {
            case "report_metadata":
                _xml.Each(About);
                break;
            case "policy_published":
                Fields(_published);
                break;
            case "record" when _rows.Count < MostRows:
                _rows.Add(Record());
                break;
            case "record":
                _isCut = true;
                break;
        }
    }

    private void About(string name)
    {
        // An element without text tells that this is metadata all the same.
        if (name == "date_range") Fields(_range);
        else if (name != "error") _about.TryAdd(name, _xml.Text());
        else if (_xml.Text() is { Length: > 0 } error) Keep(_errors, error, MostErrors);
    }

    private DmarcRow Record()
    {
        var (row, evaluated, who) = (NewFields(), NewFields(), NewFields());
        var (reasons, dkim, spf) = (new List<DmarcOverride>(), new List<DmarcDkimResult>(), new List<DmarcSpfResult>());
        _xml.Each(part =>
        {
            switch (part)
            {
                case "row":
                    _xml.Each(name =>
                    {
                        if (name == "policy_evaluated") _xml.Each(n => Evaluated(n, evaluated, reasons));
                        else row.TryAdd(name, _xml.Text());
                    });
                    break;
                case "identifiers" or "identities":
                    Fields(who);
                    break;
                case "auth_results":
                    _xml.Each(name => Result(name, dkim, spf));
                    break;
            }
        });
        return new()
        {
            SourceIp = IPAddress.TryParse(Value(row, "source_ip"), out var address) ? address : null,
            Count = ReportText.Count(Value(row, "count")),
            Disposition = Lower(evaluated, "disposition"),
            DkimPass = Lower(evaluated, "dkim") == "pass",
            SpfPass = Lower(evaluated, "spf") == "pass",
            Reasons = reasons,
            HeaderFrom = Lower(who, "header_from"),
            EnvelopeFrom = Lower(who, "envelope_from"),
            EnvelopeTo = Lower(who, "envelope_to"),
            Dkim = dkim,
            Spf = spf,
        };
    }

    private void Evaluated(string name, Dictionary<string, string> evaluated, List<DmarcOverride> reasons)
    {
        if (name != "reason")
        {
            evaluated.TryAdd(name, _xml.Text());
            return;
        }
        var reason = NewFields();
        Fields(reason);
        if (Lower(reason, "type") is { Length: > 0 } type) Keep(reasons, new(type, Value(reason, "comment")), MostResults);
    }

    private void Result(string name, List<DmarcDkimResult> dkim, List<DmarcSpfResult> spf)
    {
        var result = NewFields();
        Fields(result);
        if (name == "dkim")
            Keep(dkim, new(Lower(result, "domain"), Value(result, "selector"), Lower(result, "result"), Value(result, "human_result")),
                MostResults);
        else if (name == "spf") Keep(spf, new(Lower(result, "domain"), Lower(result, "scope"), Lower(result, "result")), MostResults);
    }

    private void Keep<T>(List<T> list, T value, int most)
    {
        if (list.Count < most) list.Add(value);
        else _isCut = true;
    }

    // The first of a name counts.
    private void Fields(Dictionary<string, string> into) => _xml.Each(name => into.TryAdd(name, _xml.Text()));

    private static Dictionary<string, string> NewFields() => new(StringComparer.Ordinal);

    private static string Value(Dictionary<string, string> fields, string name) => fields.GetValueOrDefault(name, "");

    private static string Lower(Dictionary<string, string> fields, string name) => Value(fields, name).ToLowerInvariant();
}
