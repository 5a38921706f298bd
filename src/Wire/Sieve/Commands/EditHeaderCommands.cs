using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>editheader (RFC 5293). Inside foreverypart it edits the header of that part (RFC 5703 §3).</summary>
internal static class EditHeaderCommands
{
    // RFC 5293 §6: these tell where a message came from and stay.
    private static readonly string[] Fixed = ["Received", "Auto-Submitted"];

    public static IEnumerable<Spec> Specs =>
    [
        new("addheader", "editheader") { Positional = [Wants.String, Wants.String], Tags = [new("last")], Check = CheckName, Run = Add },
        new("deleteheader", "editheader")
        {
            Positional = [Wants.String, Wants.Strings],
            Optional = 1,
            OptionalLast = true,
            Matches = true,
            Tags = [new("index", Wants.Number), new("last")],
            Check = (checker, call) =>
            {
                CheckName(checker, call);
                HeaderTests.CheckIndex(checker, call);
            },
            Run = Delete,
        },
    ];

    private static void CheckName(Checker checker, Call call)
    {
        var name = call.Positional[0]!.Texts[0];
        if (name.Constant is { } constant && !HeaderTests.IsFieldName(constant)) checker.Error(name.At, $"`{constant}` is no name of a header field");
    }

    private static ValueTask<Flow> Add(SieveRun run, Call call)
    {
        var name = run.String(call.Positional[0]!);
        if (!HeaderTests.IsFieldName(name))
        {
            run.Fail(call, $"`{name}` is no name of a header field");
            return new(Flow.Stop);
        }
        if (IsProtected(run, call, name, adding: true)) return new(Flow.Next);
        var octets = new HeaderWriter().Text(name, OneLine(run.String(call.Positional[1]!))).ToArray();
        if (octets.Length > run.Limits.AddedFieldOctets)
        {
            run.Fail(call, $"a field that is added has at most {run.Limits.AddedFieldOctets} octets");
            return new(Flow.Stop);
        }
        if ((run.AddedHeader += octets.Length) > run.Limits.AddedHeaderOctets || !run.Spend(10 + (run.View.Fields.Count / 16)))
        {
            run.Fail(call, $"more than {run.Limits.AddedHeaderOctets} octets of header added");
            return new(Flow.Stop);
        }
        var field = Field.Read(octets)[0];
        var fields = PartEdits.Fields(run);
        PartEdits.SetFields(run, call.Has("last") ? [.. fields, field] : [field, .. fields]);
        return new(Flow.Next);
    }

    // A value written over several lines is one value: each line end, with the blanks behind it, is a blank (RFC 5322 §2.2.3).
    private static string OneLine(string value)
    {
        if (!value.AsSpan().ContainsAny('\r', '\n')) return value;
        var lines = value.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', lines.Select((line, i) => i == 0 ? line : line.TrimStart(' ', '\t')).Where(l => l.Length > 0));
    }

    private static bool IsProtected(SieveRun run, Call call, string name, bool adding)
    {
        var own = adding ? run.Limits.NeverAdded : run.Limits.NeverDeleted;
        var kept = run.Limits.ProtectedFields.Contains(name, StringComparer.OrdinalIgnoreCase)
            || own.Contains(name, StringComparer.OrdinalIgnoreCase)
            || (!adding && Fixed.Contains(name, StringComparer.OrdinalIgnoreCase));
        if (kept) run.Note(call, $"the field {name} is left alone");
        return kept;
    }

    private static async ValueTask<Flow> Delete(SieveRun run, Call call)
    {
        var name = run.String(call.Positional[0]!);
        if (IsProtected(run, call, name, adding: false)) return Flow.Next;
        var fields = PartEdits.Fields(run);
        if (!run.Spend(10 + (fields.Count / 16))) return Flow.Stop;
        var named = fields.Where(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).ToList();
        var chosen = HeaderTests.Select(call, named).ToList();
        var gone = new HashSet<Field>();
        if (call.Positional[1] is not { } patterns) gone.UnionWith(chosen);
        else
        {
            var matcher = run.Matcher(call, patterns);
            foreach (var field in chosen)
            {
                if (await matcher.IsMatchAsync(field.Decoded)) gone.Add(field);
            }
            // RFC 5293 §5 with RFC 5231: :count is about all of them.
            if (matcher.End()) gone.UnionWith(chosen);
        }
        if (gone.Count > 0 && !run.Failed) PartEdits.SetFields(run, [.. fields.Where(f => !gone.Contains(f))]);
        return Flow.Next;
    }
}
