using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>foreverypart, break, extracttext, replace, enclose (RFC 5703).</summary>
internal static class PartCommands
{
    private const int PartSteps = 20;

    public static IEnumerable<Spec> Specs =>
    [
        new("foreverypart", "foreverypart") { Tags = [new("name", Wants.String)], HasBlock = true, Run = ForEveryPart },
        new("break", "foreverypart")
        {
            Tags = [new("name", Wants.String)],
            Check = (checker, call) =>
            {
                if (!checker.IsInLoop) checker.Error(call.At, "`break` stands inside foreverypart");
                else if (call.Tag("name")?.Texts[0].Constant is { } name && !checker.Loops.Contains(name))
                    checker.Error(call.At, $"`break` is in no foreverypart called `{name}`");
            },
            Run = Break,
        },
        new("extracttext", "extracttext")
        {
            Positional = [Wants.String],
            Tags = [.. VariableCommands.AllModifiers, new("first", Wants.Number)],
            Check = CheckExtract,
            Run = ExtractText,
        },
        new("replace", "replace")
        {
            Positional = [Wants.String],
            Tags = [new("mime"), new("subject", Wants.String), new("from", Wants.String)],
            Check = (checker, call) => SendCommands.CheckAddresses(checker, call.Tag("from")),
            Run = Replace,
        },
        new("enclose", "enclose")
        {
            Positional = [Wants.String],
            Tags = [new("subject", Wants.String), new("headers", Wants.Strings)],
            Check = (checker, call) =>
            {
                foreach (var name in call.Tag("headers")?.Constants ?? [])
                {
                    if (!HeaderTests.IsFieldName(name.Constant!)) checker.Error(name.At, $"`{name.Constant}` is no name of a header field");
                }
            },
            Run = Enclose,
        },
    ];

    // RFC 5703 §3: outside a loop all parts of the message in depth-first order, inside one those below its part.
    private static async ValueTask<Flow> ForEveryPart(SieveRun run, Call call)
    {
        var outer = run.Part;
        var name = run.String(call, "name");
        if (++run.Loops > run.Limits.PartDepth) run.Fail(call, $"loops inside one another more than {run.Limits.PartDepth} deep");
        var parts = outer is null ? run.View.Walk(run.View.Root) : MessageView.Below(outer).SelectMany(run.View.Walk);
        var message = run.View.Current.Source;
        var flow = Flow.Next;
        foreach (var part in parts)
        {
            // RFC 5703 §5: parts that are no longer there are not gone into.
            if (!run.Spend(PartSteps) || run.View.Current.Source != message) break;
            if (run.View.IsGone(part)) continue;
            run.View.Visit(part);
            run.Part = part;
            flow = await run.BlockAsync(call.Block);
            if (flow != Flow.Next || run.Failed) break;
        }
        (run.Part, run.Loops) = (outer, run.Loops - 1);
        if (run.Failed) return Flow.Stop;
        if (outer is null) run.View.Settle();
        if (flow != Flow.Break) return flow;
        if (run.BreakName is not null && run.BreakName != name) return run.Loops > 0 ? Flow.Break : Flow.Next;
        run.BreakName = null;
        return Flow.Next;
    }

    private static ValueTask<Flow> Break(SieveRun run, Call call)
    {
        run.BreakName = run.String(call, "name");
        return new(Flow.Break);
    }

    private static void CheckExtract(Checker checker, Call call)
    {
        if (!checker.Has("variables")) checker.Error(call.At, "`extracttext` needs require \"variables\"");
        else if (!checker.IsInLoop) checker.Error(call.At, "`extracttext` stands inside foreverypart");
        else VariableCommands.CheckName(checker, call);
    }

    // RFC 5703 §7: the text of the part, none for a part that is no text.
    private static ValueTask<Flow> ExtractText(SieveRun run, Call call)
    {
        var part = run.Part ?? run.View.Root;
        run.Spend(PartSteps);
        var text = run.View.Now(part).Part.IsText ? run.View.Text(part, plain: true) : "";
        if (call.Tag("first") is { } first) text = Template.Cut(text, (int)Math.Min(first.Number, int.MaxValue));
        var (space, name) = VariableCommands.Split(call.Positional[0]!.Texts[0].Constant!);
        run.SetVariable(call, space, name, VariableCommands.Modify(run, call, Template.Cut(text, run.Limits.VariableLength)));
        return new(Flow.Next);
    }

    // RFC 5703 §5
    private static ValueTask<Flow> Replace(SieveRun run, Call call)
    {
        if (!TryBudget(run, call)) return new(Flow.Stop);
        var text = run.String(call.Positional[0]!);
        var (header, body) = call.Has("mime") ? SplitMime(text) : Compose(text);
        if (run.Part is { } part && part != run.View.Root)
        {
            // The line end before the next boundary belongs to the boundary.
            run.View.SetPart(part, [.. header, .. "\r\n"u8, .. body]);
            return new(Flow.Next);
        }
        var fields = run.View.Fields.Where(f => !IsContent(f)).ToList();
        if (run.String(call, "subject") is { } subject) SetText(fields, "Subject", subject);
        if (run.String(call, "from") is { } from) SetText(fields, "From", from);
        fields.AddRange(Field.Read("MIME-Version: 1.0\r\n"u8.ToArray()));
        fields.AddRange(Field.Read(header).Where(IsContent));
        var inLoop = run.Part is not null;
        run.View.SetMessage(fields, body, enclosed: null);
        if (inLoop) run.Part = run.View.Root;
        return new(Flow.Next);
    }

    private static bool IsContent(Field field) => field.Name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
        || field.Name.Equals("MIME-Version", StringComparison.OrdinalIgnoreCase);

    private static void SetText(List<Field> fields, string name, string value)
    {
        fields.RemoveAll(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        fields.AddRange(Field.Read(new HeaderWriter().Text(name, value).ToArray()));
    }

    private static bool TryBudget(SieveRun run, Call call)
    {
        if (run.View.WholeLength > run.Limits.EditedOctets) run.Fail(call, "the message is too large to be changed");
        return run.Spend(1000 + (int)(run.View.WholeLength / 1024));
    }

    private static (byte[] Header, byte[] Body) Compose(string text)
    {
        var ascii = Ascii.IsValid(text);
        var encoding = ascii ? "7bit" : "quoted-printable";
        var header = new HeaderWriter().Raw("Content-Type", $"text/plain; charset={(ascii ? "us-ascii" : "utf-8")}");
        if (!ascii) header.Raw("Content-Transfer-Encoding", encoding);
        return (header.ToArray(), TransferEncoder.EncodeAll(encoding, Encoding.UTF8.GetBytes(text)));
    }

    private static (byte[] Header, byte[] Body) SplitMime(string text)
    {
        var octets = Encoding.UTF8.GetBytes(text);
        if (octets.AsSpan().StartsWith("\r\n"u8)) return ([], octets[2..]);
        var end = octets.AsSpan().IndexOf("\r\n\r\n"u8);
        return end < 0 ? (octets, []) : (octets[..(end + 2)], octets[(end + 4)..]);
    }

    // RFC 5703 §6: a new message with the text and the message as it was attached. Of several the last one counts.
    private static ValueTask<Flow> Enclose(SieveRun run, Call call)
    {
        if (!TryBudget(run, call)) return new(Flow.Stop);
        var inner = run.View.Current.Enclosed ?? run.View.Current;
        var whole = run.View.Whole(inner);
        var reason = run.String(call.Positional[0]!);
        var boundary = "=_" + HostTests.Hash(reason, run.Message.EnvelopeTo, Convert.ToHexString(SHA256.HashData(whole)))[..24];
        var body = new ArrayBufferWriter<byte>();
        var (header, text) = Compose(reason);
        body.Write(Encoding.ASCII.GetBytes($"--{boundary}\r\n"));
        body.Write(header);
        body.Write("\r\n"u8);
        body.Write(text);
        body.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\nContent-Type: message/rfc822\r\n\r\n"));
        body.Write(whole);
        body.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"));
        run.View.SetMessage(Envelope(run, call, inner.Fields, boundary), body.WrittenSpan.ToArray(), inner);
        return new(Flow.Next);
    }

    // The header around an enclosed message: what :headers names is copied, Date and From are the account's otherwise.
    private static List<Field> Envelope(SieveRun run, Call call, IReadOnlyList<Field> old, string boundary)
    {
        var names = run.Strings(call.Tag("headers"));
        var fields = old.Where(f => names.Contains(f.Name, StringComparer.OrdinalIgnoreCase) && !IsContent(f)).ToList();
        bool Has(string name) => fields.Exists(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        var own = new HeaderWriter();
        if (!Has("Date")) own.Date("Date", run.Message.Clock.GetUtcNow());
        if (!Has("From")) own.Raw("From", run.Message.EnvelopeTo);
        if (!Has("To")) own.Raw("To", run.Message.EnvelopeTo);
        var subject = run.String(call, "subject")
            ?? (Has("Subject") ? null : old.FirstOrDefault(f => f.Name.Equals("Subject", StringComparison.OrdinalIgnoreCase))?.Decoded);
        if (subject is not null) fields.RemoveAll(f => f.Name.Equals("Subject", StringComparison.OrdinalIgnoreCase));
        if (subject is not null) own.Text("Subject", subject.ReplaceLineEndings(" "));
        own.Raw("MIME-Version", "1.0").Raw("Content-Type", $"multipart/mixed; boundary=\"{boundary}\"");
        return [.. fields, .. Field.Read(own.ToArray())];
    }
}

/// <summary>Header edits of the message, or of the part a loop is at.</summary>
internal static class PartEdits
{
    public static List<Field> Fields(SieveRun run) => run.View.PartFields(run.Part ?? run.View.Root);

    public static void SetFields(SieveRun run, List<Field> fields)
    {
        var part = run.Part ?? run.View.Root;
        if (part == run.View.Root)
        {
            run.View.SetFields(fields);
            return;
        }
        if (run.View.WholeLength > run.Limits.EditedOctets)
        {
            run.Fail("the message is too large to be changed");
            return;
        }
        var octets = new ArrayBufferWriter<byte>();
        foreach (var field in fields) octets.Write(field.Octets.Span);
        octets.Write("\r\n"u8);
        var (source, now) = run.View.Now(part);
        octets.Write(source.Read(now.BodyOffset, (int)now.BodyLength));
        run.View.SetPart(part, octets.WrittenSpan.ToArray());
    }
}
