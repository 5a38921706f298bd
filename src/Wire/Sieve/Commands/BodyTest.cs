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
        return matched;
    }

    private static IEnumerable<string> Texts(SieveRun run, Call call)
    {
        var root = run.View.Root;
        if (call.Has("raw")) return [run.View.RawText(root.BodyOffset, run.View.WholeLength - root.BodyOffset)];
        if (call.Tag("content") is { } types)
        {
            var wanted = run.Strings(types);
            return run.View.Walk(root).TakeWhile(_ => run.Spend(PartSteps)).Where(p => wanted.Any(w => Is(p, w))).SelectMany(p => Content(run, p));
        }
        return run.View.Walk(root).TakeWhile(_ => run.Spend(PartSteps)).Where(p => p.IsText && p.Disposition != "attachment").Select(p => run.View.Text(p, plain: true));
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

    // RFC 5173 §5.2: of a multipart what stands before the first and behind the last part, of an embedded message its header.
    private static IEnumerable<string> Content(SieveRun run, MimePart part)
    {
        if (part.IsMultipart)
        {
            var first = part.Children.Count > 0 ? part.Children[0].HeaderOffset : part.EndOffset;
            var last = part.Children.Count > 0 ? part.Children[^1].EndOffset : part.EndOffset;
            yield return run.View.RawText(part.BodyOffset, first - part.BodyOffset);
            if (part.EndOffset > last) yield return run.View.RawText(last, part.EndOffset - last);
        }
        else if (part.Message is { } message)
            yield return string.Join("\r\n", run.View.PartFields(message).Select(f => $"{f.Name}: {f.Decoded}")) + "\r\n";
        else yield return run.View.Text(part, plain: false);
    }
}
