using System.Text;

namespace Aviso.Spam;

internal enum ClamdResult
{
    /// <summary>Nothing found.</summary>
    Clean,

    /// <summary>A signature fits.</summary>
    Virus,

    /// <summary>What clamd suspects without a signature ("Heuristics."), or finds unwanted ("PUA."): points, no virus.</summary>
    Suspicion,

    /// <summary>A bound of clamd's own ended its look ("Heuristics.Limits.Exceeded").</summary>
    Limit,

    /// <summary>Larger than clamd takes (StreamMaxLength).</summary>
    TooLarge,

    /// <summary>clamd could not say.</summary>
    Error,
}

/// <summary>What clamd answers to INSTREAM: "stream: OK", "stream: NAME FOUND" or "... ERROR", ended by NUL.</summary>
/// <param name="Text">The virus's name, or what clamd complains of: printable ASCII, at most 100 characters.</param>
internal readonly record struct ClamdReply(ClamdResult Result, string Text)
{
    /// <summary>Octets of a reply, with its end; more is no reply.</summary>
    public const int MostOctets = 2048;

    private const int MostText = 100;

    public static ClamdReply Parse(ReadOnlySpan<byte> reply)
    {
        if (reply.IndexOf((byte)0) is var end and >= 0) reply = reply[..end];
        reply = reply.TrimEnd("\r\n "u8);
        if (reply.EndsWith("INSTREAM size limit exceeded. ERROR"u8)) return new(ClamdResult.TooLarge, "size limit");
        // "stream: " or, of a session, "1: stream: ": the verdict stands at the end.
        var colon = reply.IndexOf(": "u8);
        var verdict = colon < 0 ? reply : reply[(colon + 2)..];
        if (verdict.StartsWith("stream: "u8)) verdict = verdict[8..];
        if (verdict.SequenceEqual("OK"u8) && colon >= 0) return new(ClamdResult.Clean, "");
        return verdict.EndsWith(" FOUND"u8) && colon >= 0 && Printable(verdict[..^6]) is { Length: > 0 } name
            ? new(KindOf(name), name) : new(ClamdResult.Error, Printable(reply));
    }

    private static ClamdResult KindOf(string name) => name.StartsWith("Heuristics.Limits.", StringComparison.Ordinal) ? ClamdResult.Limit
        : name.StartsWith("Heuristics.", StringComparison.Ordinal) || name.StartsWith("PUA.", StringComparison.Ordinal)
            ? ClamdResult.Suspicion : ClamdResult.Virus;

    private static string Printable(ReadOnlySpan<byte> text)
    {
        var clean = new StringBuilder(Math.Min(text.Length, MostText));
        foreach (var octet in text[..Math.Min(text.Length, MostText)]) clean.Append(
            octet is > 0x20 and < 0x7f ? (char)octet : octet == ' ' ? ' ' : '?');
        return clean.ToString().Trim();
    }
}
