using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>body (RFC 5173).</summary>
internal static class BodyTest
{
    private const int PartSteps = 20;

    public static IEnumerable<Spec> Specs =>
    [
        new("body", "body")
        {
            Positional = [Wants.Strings],
            Matches = true,
            Tags = [new("raw", Group: "transform"), new("text", Group: "transform"), new("content", Wants.Strings, null, "transform")],
            Test = Body,
        },
    ];

    private static async ValueTask<bool> Body(SieveRun run, Call call)
    {
        // RFC 5173 §6: wildcards here set no match values.
        var saved = run.Frame.Matches;
        var matched = await run.Matcher(call, call.Positional[0]!).AnyAsync(Texts(run, call));
        run.Frame.Matches = saved;
        if (run.View.IsCut) run.Note(call, $"only the first {run.Limits.BodyOctets} octets of a part are looked at");
        return matched;
    }

    private static IEnumerable<string> Texts(SieveRun run, Call call)
    {
        var root = run.View.Root;
        if (!run.View.HasBody) return [];
        if (call.Has("raw")) return [run.View.RawText(root.BodyOffset, run.View.WholeLength - root.BodyOffset)];
        if (call.Tag("content") is { } types)
        {
            var wanted = run.Strings(types);
            return run.View.Walk(root).TakeWhile(_ => run.Spend(PartSteps)).Where(p => wanted.Any(w => Is(p, w)))
                .SelectMany(p => Content(run, p));
        }
        return run.View.Walk(root).TakeWhile(_ => run.Spend(PartSteps)).Where(p => p.IsText && p.Disposition != "attachment")
            .Select(p => run.View.Text(p, plain: true));
    }

    // RFC 5173 §5.2: "" is every part, "type" every subtype, "type/subtype" exactly that.
    private static bool Is(MimePart part, string wanted)
    {
        if (wanted.Length == 0) return true;
        if (wanted.StartsWith('/') || wanted.EndsWith('/') || wanted.Count(c => c == '/') > 1) return false;
        var slash = wanted.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? part.Type.Equals(wanted, StringComparison.OrdinalIgnoreCase)
            : (part.Type + "/" + part.Subtype).Equals(wanted, StringComparison.OrdinalIgnoreCase);
    }

    // RFC 2046 §5.1.1: the line end before a delimiter belongs to it. The text ends behind the first delimiter's line.
    private static string BeforeDelimiter(string text)
    {
        var line = text.AsSpan().TrimEnd("\r\n").LastIndexOf('\n');
        return line < 0 ? "" : text[..(line > 0 && text[line - 1] == '\r' ? line - 1 : line)];
    }

    // The text begins with the line end before the closing delimiter.
    private static string AfterDelimiter(string text)
    {
        var start = text.StartsWith("\r\n", StringComparison.Ordinal) ? 2 : text.StartsWith('\n') ? 1 : 0;
        var line = text.IndexOf('\n', start);
        return line < 0 ? "" : text[(line + 1)..];
    }

    // RFC 5173 §5.2: of a multipart what stands before the first and behind the last part, of an embedded message its header.
    private static IEnumerable<string> Content(SieveRun run, MimePart part)
    {
        if (part.IsMultipart)
        {
            var first = part.Children.Count > 0 ? part.Children[0].HeaderOffset : part.EndOffset;
            var last = part.Children.Count > 0 ? part.Children[^1].EndOffset : part.EndOffset;
            var prologue = run.View.RawText(part.BodyOffset, first - part.BodyOffset);
            yield return part.Children.Count > 0 ? BeforeDelimiter(prologue) : prologue;
            if (part.EndOffset > last) yield return AfterDelimiter(run.View.RawText(last, part.EndOffset - last));
        }
        else if (part.Message is { } message)
            yield return string.Join("\r\n", run.View.PartFields(message).Select(f => $"{f.Name}: {f.Decoded}")) + "\r\n";
        else yield return run.View.Text(part, plain: false);
    }
}
