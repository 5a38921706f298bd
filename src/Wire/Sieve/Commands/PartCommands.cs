using System.Buffers;
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
            Run = Replace,
        },
        new("enclose", "enclose")
        {
            Positional = [Wants.String],
            Tags = [new("subject", Wants.String), new("headers", Wants.Strings)],
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
        var flow = Flow.Next;
        foreach (var part in parts)
        {
            if (!run.Spend(PartSteps)) break;
            run.Part = part;
            flow = await run.BlockAsync(call.Block);
            if (flow != Flow.Next || run.Failed) break;
        }
        (run.Part, run.Loops) = (outer, run.Loops - 1);
        if (run.Failed) return Flow.Stop;
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
        var text = part.IsText ? run.View.Text(part, plain: true) : "";
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
        fields.AddRange(Field.Read(header));
        run.View.SetBody(fields, body);
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

    // RFC 5703 §6: a new message with the text and the message as it was attached.
    private static ValueTask<Flow> Enclose(SieveRun run, Call call)
    {
        if (!TryBudget(run, call)) return new(Flow.Stop);
        var boundary = "=_" + HostTests.Hash(run.String(call.Positional[0]!), run.Message.EnvelopeTo)[..24];
        var fields = new List<Field>();
        foreach (var name in (string[])["From", "To", "Cc", "Date", "Message-ID"])
            fields.AddRange(run.View.Named(name).Take(1));
        SetText(fields, "Subject", run.String(call, "subject") ?? (run.View.Named("Subject") is [var old, ..] ? old.Decoded : ""));
        foreach (var wanted in run.Strings(call.Tag("headers"))) fields.AddRange(Wanted(run, wanted));
        fields.AddRange(Field.Read(Encoding.ASCII.GetBytes($"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\r\n")));
        var body = new ArrayBufferWriter<byte>();
        var (header, text) = Compose(run.String(call.Positional[0]!));
        body.Write(Encoding.ASCII.GetBytes($"--{boundary}\r\n"));
        body.Write(header);
        body.Write("\r\n"u8);
        body.Write(text);
        body.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\nContent-Type: message/rfc822\r\n\r\n"));
        body.Write(WholeMessage(run));
        body.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"));
        run.View.SetBody(fields, body.WrittenSpan.ToArray());
        return new(Flow.Next);
    }

    // A whole field, or the name of one to copy.
    private static IEnumerable<Field> Wanted(SieveRun run, string wanted)
    {
        var colon = wanted.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return run.View.Named(wanted);
        return HeaderTests.IsFieldName(wanted[..colon]) ? Field.Read(new HeaderWriter().Text(wanted[..colon], wanted[(colon + 1)..]).ToArray()) : [];
    }

    private static byte[] WholeMessage(SieveRun run)
    {
        var body = run.View.Root.BodyOffset;
        if (run.View.Edit() is not { } edit) return run.View.Read(0, (int)run.View.WholeLength);
        return [.. edit.Header, .. edit.Body ?? run.View.Read(body, (int)(run.View.WholeLength - body))];
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
        octets.Write(run.View.Read(part.BodyOffset, (int)part.BodyLength));
        run.View.SetPart(part, octets.WrittenSpan.ToArray());
    }
}
