using System.Text;
using Aviso.Base;

namespace Aviso.Smtp;

/// <summary>What a remote server answered (RFC 5321 §4.2). Text is cleaned of control characters, lines joined by a space.</summary>
/// <param name="Code">200-599.</param>
/// <param name="Enhanced">RFC 2034 code at the start of the first line, when it fits the reply's class.</param>
/// <param name="Text">Without the codes, at most 1,000 characters.</param>
public sealed record RemoteReply(int Code, EnhancedCode? Enhanced, string Text)
{
    public bool IsPositive => Code < 400;

    public bool IsTemporary => Code is >= 400 and < 500;

    public bool IsPermanent => Code >= 500;

    public override string ToString() => Enhanced is { } e ? $"{Code} {e} {Text}" : $"{Code} {Text}";
}

/// <summary>
/// Puts a reply together line by line. Strict about codes and size, never trusts the peer: at most <see cref="MaxLines"/> lines of
/// <see cref="MaxLine"/> octets.
/// </summary>
internal sealed class RemoteReplyReader
{
    /// <summary>RFC 5321 §4.5.3.1.5 says 512 octets; real servers send longer ones.</summary>
    public const int MaxLine = 4096;

    public const int MaxLines = 128;

    private readonly List<string> _lines = [];
    private int _code;

    public enum Step
    {
        More, Done, Garbled,
    }

    /// <summary>Texts of all lines, for EHLO keywords.</summary>
    public IReadOnlyList<string> Lines => _lines;

    // RFC 5321 §4.2: Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
    public Step Add(ReadOnlySpan<byte> line)
    {
        if (line.Length < 3 || line[0] is < (byte)'2' or > (byte)'5' || line[1] is < (byte)'0' or > (byte)'9'
            || line[2] is < (byte)'0' or > (byte)'9') return Step.Garbled;
        var code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
        if (_lines.Count == 0) _code = code;
        // RFC 5321 §4.2.1: every line of a reply has the same code.
        if (code != _code || _lines.Count == MaxLines) return Step.Garbled;
        if (line.Length > 3 && line[3] is not ((byte)' ' or (byte)'-')) return Step.Garbled;
        _lines.Add(line.Length > 4 ? Clean(line[4..]) : "");
        return line.Length > 3 && line[3] == '-' ? Step.More : Step.Done;
    }

    public RemoteReply Finish()
    {
        var first = _lines[0];
        var enhanced = Enhanced(first, out var skip);
        if (enhanced is { } e && e.Class != _code / 100) (enhanced, skip) = (null, 0);
        var text = new StringBuilder(first[skip..]);
        foreach (var line in _lines.Skip(1))
        {
            if (text.Length > 1000) break;
            // RFC 2034 §4: the code stands on every line.
            text.Append(' ').Append(Enhanced(line, out var again) == enhanced && enhanced is not null ? line[again..] : line);
        }
        return new(_code, enhanced, text.Length > 1000 ? text.ToString(0, 1000) : text.ToString());
    }

    // RFC 3463 §2: class "." subject "." detail, subject and detail of one to three digits
    private static EnhancedCode? Enhanced(string line, out int skip)
    {
        skip = 0;
        var end = line.IndexOf(' ', StringComparison.Ordinal);
        if (end < 0) end = line.Length;
        var parts = line[..Math.Min(end, 10)].Split('.');
        if (parts.Length != 3 || parts[0] is not ("2" or "4" or "5") || parts[1].Length is 0 or > 3 || parts[2].Length is 0 or > 3
            || !parts[1].All(char.IsAsciiDigit) || !parts[2].All(char.IsAsciiDigit)) return null;
        skip = Math.Min(end + 1, line.Length);
        return new(parts[0][0] - '0', int.Parse(parts[1]), int.Parse(parts[2]));
    }

    // Whatever is shown later, in a log or a bounce, has no line ends or escape sequences in it.
    private static string Clean(ReadOnlySpan<byte> text)
    {
        var clean = Encoding.UTF8.GetString(text).ToCharArray();
        for (var i = 0; i < clean.Length; i++)
            if (char.IsControl(clean[i])) clean[i] = ' ';
        return new string(clean).TrimEnd();
    }
}
