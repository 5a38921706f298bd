using System.Text;
using System.Text.RegularExpressions;
using Aviso.Net;

namespace Aviso.Tests.Unit.Lines;

/// <summary>How a conversation is cut on its way to the server.</summary>
public enum Cut
{
    /// <summary>As much in one piece as RFC 2920 §3.1 lets a client send without waiting.</summary>
    Whole,

    /// <summary>Lines that stand together are sent one by one, then their replies are awaited.</summary>
    Line,

    /// <summary>As Line, one octet at a time.</summary>
    Octet,
}

/// <summary>
/// A conversation in a text file. "C: line" is sent with CRLF, "C~ text" without; "S: line" must come (<c>&lt;any&gt;</c> stands for
/// anything), "S~ end": the server closes. "T:" starts TLS at the client, "D:" drains the server, "A: seconds" lets time pass until the
/// next reply. "M: text" is a message that was taken and "E: text" its envelope (<see cref="Smtp.SmtpTranscripts.Envelope"/>); "L: text"
/// was logged. "\0 \r \n \t \\ \xHH", {x:80*a} and {b64:text} expand in what is sent. Before all: "kind", "tls", "implicit" TLS,
/// "clearlogin", "nologin", "noscram", "tokens", "spool" octets, "beginfails", "limit Name=number ...", "cut Whole ..." (these cuts only).
/// "#" comments.
/// </summary>
internal sealed partial class Transcript
{
    public Dictionary<string, string> Settings { get; } = new(StringComparer.Ordinal);

    public List<(char Kind, string Text)> Steps { get; } = [];

    public List<string> Messages { get; } = [];

    public List<string> Envelopes { get; } = [];

    public List<string> Logged { get; } = [];

    public static Transcript Read(IEnumerable<string> lines)
    {
        var transcript = new Transcript();
        foreach (var line in lines)
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (line.Length == 1 || line[1] is not (':' or '~'))
            {
                var words = line.Split(' ', 2);
                transcript.Settings[words[0]] = words.Length > 1 ? words[1] : "";
                continue;
            }
            var text = line.Length > 3 ? line[3..] : "";
            var kind = line[1] == '~' ? char.ToLowerInvariant(line[0]) : line[0];
            transcript.Add(kind, text);
        }
        return transcript;
    }

    private void Add(char kind, string text)
    {
        switch (kind)
        {
            case 'M': Messages.Add(Expand(text)); break;
            case 'E': Envelopes.Add(text); break;
            case 'L': Logged.Add(text); break;
            case 'C': Steps.Add((kind, Expand(text) + "\r\n")); break;
            case 'c': Steps.Add(('C', Expand(text))); break;
            default: Steps.Add((kind, text)); break;
        }
    }

    public ListenerKind Kind =>
        ListenerKinds.TryParse(Settings.GetValueOrDefault("kind", "smtp"), out var kind) ? kind : throw new FormatException("kind");

    public static bool Fits(string wanted, string got) =>
        Regex.IsMatch(got, "^" + Regex.Escape(wanted).Replace("<any>", ".*", StringComparison.Ordinal) + "$", RegexOptions.Singleline);

    public static string Expand(string text)
    {
        text = Repeat().Replace(text, m => string.Concat(Enumerable.Repeat(m.Groups[2].Value, int.Parse(m.Groups[1].Value))));
        text = Escape().Replace(text, m => m.Value[1] switch
        {
            '0' => "\0",
            'r' => "\r",
            'n' => "\n",
            't' => "\t",
            '\\' => "\\",
            _ => ((char)(Raw + Convert.ToByte(m.Value[2..], 16))).ToString(),
        });
        return Base64().Replace(text, m => Convert.ToBase64String(Octets(m.Groups[1].Value)));
    }

    /// <summary>UTF-8, but for octets given as \xHH.</summary>
    public static byte[] Octets(string text)
    {
        var octets = new List<byte>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is >= Raw and <= Raw + 255) octets.Add((byte)(rune.Value - Raw));
            else octets.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
        }
        return [.. octets];
    }

    // Where octets that are no text hide among characters.
    private const char Raw = '\uE000';

    [GeneratedRegex(@"\{x:(\d+)\*([^}]*)\}")]
    private static partial Regex Repeat();

    [GeneratedRegex(@"\\(0|r|n|t|\\|x[0-9A-Fa-f]{2})")]
    private static partial Regex Escape();

    [GeneratedRegex(@"\{b64:([^}]*)\}")]
    private static partial Regex Base64();
}
