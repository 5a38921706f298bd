using System.Buffers;
using System.Text;

namespace Aviso.MailAuth;

/// <summary>RFC 6376 §3.4: how a header field or a body is brought into the form that is signed.</summary>
internal enum Canonicalization
{
    Simple, Relaxed,
}

/// <summary>RFC 6376 §3.4.1, 3.4.2: one header field in the form that is signed.</summary>
internal static class CanonicalHeader
{
    private static readonly SearchValues<byte> Space = SearchValues.Create(" \t\r\n"u8);

    /// <summary>Writes a field (given with its line end) and CRLF.</summary>
    public static void Write(IBufferWriter<byte> into, ReadOnlySpan<byte> field, Canonicalization form)
    {
        WriteUnended(into, field, form);
        into.Write("\r\n"u8);
    }

    /// <summary>
    /// RFC 6376 §3.7: the signature's own field, with the value of b= (octets <paramref name="from"/> to
    /// <paramref name="to"/> of the field) taken out, without CRLF.
    /// </summary>
    public static void WriteSignature(IBufferWriter<byte> into, ReadOnlySpan<byte> field, int from, int to, Canonicalization form)
    {
        var without = ArrayPool<byte>.Shared.Rent(field.Length);
        try
        {
            field[..from].CopyTo(without);
            field[to..].CopyTo(without.AsSpan(from));
            WriteUnended(into, without.AsSpan(0, field.Length - (to - from)), form);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(without);
        }
    }

    private static void WriteUnended(IBufferWriter<byte> into, ReadOnlySpan<byte> field, Canonicalization form)
    {
        if (field.EndsWith("\n"u8)) field = field[..^1];
        if (field.EndsWith("\r"u8)) field = field[..^1];
        if (form == Canonicalization.Simple) into.Write(field);
        else into.Advance(Relax(field, into.GetSpan(field.Length + 1)));
    }

    // Lower-case name, no space around the colon, unfolded, each run of white space one space, none at the end.
    private static int Relax(ReadOnlySpan<byte> field, Span<byte> into)
    {
        var colon = Math.Max(0, field.IndexOf((byte)':'));
        var name = field[..colon].TrimEnd(" \t"u8);
        if (Ascii.ToLower(name, into, out var at) != OperationStatus.Done)
        {
            name.CopyTo(into);
            at = name.Length;
        }
        into[at++] = (byte)':';
        var rest = colon == field.Length ? default : field[(colon + 1)..];
        var first = true;
        while (true)
        {
            var word = rest.IndexOfAnyExcept(Space);
            if (word < 0) return at;
            rest = rest[word..];
            var end = rest.IndexOfAny(Space);
            if (end < 0) end = rest.Length;
            if (!first) into[at++] = (byte)' ';
            first = false;
            rest[..end].CopyTo(into[at..]);
            at += end;
            rest = rest[end..];
        }
    }
}
