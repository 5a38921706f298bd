using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Delivery;

/// <summary>Reads the message's own header once for all steps, and sees that what we put before it stays apart from it.</summary>
internal sealed class ReadHeader(ReceiveParts parts) : IReceiveStep
{
    public ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (parts.Options.MessageSize > 0 && context.Body.Length > parts.Options.MessageSize) return new(Refusals.TooLarge(context.Body.Length));
        context.Header = ReceiveHeader.Read(context.Body);
        if (context.Header.IsTooLarge) return new(Refusals.Header($"larger than {ReceiveHeader.Most} octets"));
        if (FalseStart(context.Header.Octets.Span) is { } start)
        {
            context.Take(parts.Store.Spool.Make(body =>
            {
                if (start == 0) body.Write("\r\n"u8);
                body.Write(context.Body, start);
            }));
        }
        return default;
    }

    // By the first line only. An mbox line is no part of the message; what else is no field is text, and an empty line keeps it from
    // continuing or becoming a field of ours (RFC 5322 §2.1). The octets to leave out; 0: an empty line is missing; null: all is well.
    private static int? FalseStart(ReadOnlySpan<byte> header)
    {
        var at = 0;
        while (header[at..].StartsWith("From "u8) || header[at..].StartsWith(">From "u8))
        {
            var line = header[at..].IndexOf("\r\n"u8);
            if (line < 0 || header[at..(at + line)].Contains((byte)':') && IsField(header[at..])) break;
            at += line + 2;
        }
        if (at > 0) return at;
        return header.IsEmpty || IsField(header) ? null : 0;
    }

    private static bool IsField(ReadOnlySpan<byte> header)
    {
        if (header[0] is (byte)' ' or (byte)'\t') return false;
        var fields = new HeaderFields(header);
        return fields.MoveNext() && !fields.Current.Name.IsEmpty;
    }
}
