// Tls owns how much a destination's TLS matters: DANE (RFC 7672) before MTA-STS (RFC 8461) before what the message itself wants
// (RFC 8689). Rules in here: a policy that is known is never forgotten because the DNS or a web server is silent; what an attacker on
// the way could cause makes mail wait and never go in the clear; every session is counted under the policy it was held to (RFC 8460).
using System.Globalization;
using System.Text;
using Aviso.Dns;

namespace Aviso.Delivery;

public enum StsMode
{
    /// <summary>As if there were no policy: how one is taken back (RFC 8461 §2).</summary>
    None,

    /// <summary>Only counted, for TLS reports.</summary>
    Testing,

    Enforce,
}

/// <summary>What a domain says about its mail hosts (RFC 8461 §3.2).</summary>
/// <param name="Mx">Host names in lower case, "*.example.org" for any one label.</param>
/// <param name="MaxAge">How long it may be kept; at most a year.</param>
public sealed record StsPolicy(StsMode Mode, IReadOnlyList<string> Mx, TimeSpan MaxAge)
{
    public const int MostOctets = 64 * 1024;

    // RFC 8461 §3.2: about a year
    private const int LongestAge = 31_557_600;
    private const int MostLines = 100;

    /// <summary>The policy as it is told in reports: at most 100 lines.</summary>
    public IReadOnlyList<string> Lines =>
    [
        "version: STSv1", $"mode: {Mode.ToString().ToLowerInvariant()}", .. Mx.Take(MostLines).Select(m => "mx: " + m),
        string.Create(CultureInfo.InvariantCulture, $"max_age: {(int)MaxAge.TotalSeconds}"),
    ];

    /// <summary>The file as it is served and kept.</summary>
    public string Write() => string.Concat(new[] { "version: STSv1", $"mode: {Mode.ToString().ToLowerInvariant()}" }.Concat(Mx.Select(m => "mx: " + m))
        .Append(string.Create(CultureInfo.InvariantCulture, $"max_age: {(int)MaxAge.TotalSeconds}")).Select(l => l + "\r\n"));

    /// <summary>RFC 8461 §4.1: the wildcard stands for exactly one label, the leftmost.</summary>
    public bool Covers(string host)
    {
        var name = host.TrimEnd('.').ToLowerInvariant();
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return Mx.Any(m =>
            m == name || (dot > 0 && m.StartsWith("*.", StringComparison.Ordinal) && m.AsSpan(2).SequenceEqual(name.AsSpan(dot + 1))));
    }

    /// <summary>Reads a policy file; fields nobody knows are read over.</summary>
    /// <param name="problem">Why it is none.</param>
    public static StsPolicy? Parse(ReadOnlySpan<byte> text, out string problem)
    {
        var fields = new StsFields(text);
        string? version = null;
        StsMode? mode = null;
        long? age = null;
        var mx = new List<string>();
        while (fields.TryNext(out var key, out var value))
        {
            // RFC 8461 §3.2: of a key that may stand once the first counts.
            if (key.SequenceEqual("version"u8)) version ??= Encoding.ASCII.GetString(value);
            else if (key.SequenceEqual("mode"u8) && mode is null)
            {
                if ((mode = ModeOf(value)) is null) return No($"an unknown mode `{Shown(value)}`", out problem);
            }
            else if (key.SequenceEqual("max_age"u8) && age is null)
            {
                if ((age = Age(value)) is null) return No($"max_age is no number: `{Shown(value)}`", out problem);
            }
            else if (key.SequenceEqual("mx"u8))
            {
                if (Pattern(value) is not { } pattern) return No($"mx is no host name: `{Shown(value)}`", out problem);
                mx.Add(pattern);
            }
        }
        if (fields.Wrong) return No("a line that is no `key: value`", out problem);
        if (version != "STSv1") return No("no `version: STSv1`", out problem);
        if (mode is null) return No("no mode", out problem);
        if (age is null) return No("no max_age", out problem);
        if (mx.Count == 0 && mode != StsMode.None) return No("no mx", out problem);
        problem = "";
        return new(mode.Value, mx, TimeSpan.FromSeconds(Math.Min(age.Value, LongestAge)));
    }

    /// <summary>RFC 8461 §3.1: the id of the one record at _mta-sts.DOMAIN; null when there is none, or several, or one that is
    /// wrong.</summary>
    public static string? Id(DnsAnswer answer)
    {
        var records = answer.Of<TxtRecord>().Select(r => r.Text)
            .Where(t => t.StartsWith("v=STSv1", StringComparison.Ordinal) && t[7..].TrimStart(' ', '\t').StartsWith(';')).ToList();
        if (records is not [var record]) return null;
        foreach (var field in record.Split(';').Skip(1))
        {
            var parts = field.Split('=', 2);
            if (parts.Length != 2 || parts[0].Trim(' ', '\t') != "id") continue;
            var id = parts[1].Trim(' ', '\t');
            return id.Length is > 0 and <= 32 && id.All(char.IsAsciiLetterOrDigit) ? id : null;
        }
        return null;
    }

    private static StsPolicy? No(string text, out string problem)
    {
        problem = text;
        return null;
    }

    private static StsMode? ModeOf(ReadOnlySpan<byte> value) =>
        value.SequenceEqual("enforce"u8) ? StsMode.Enforce : value.SequenceEqual("testing"u8) ? StsMode.Testing
        : value.SequenceEqual("none"u8) ? StsMode.None : null;

    // sts-policy-max-age-value = 1*10(DIGIT)
    private static long? Age(ReadOnlySpan<byte> value) =>
        value.Length is > 0 and <= 10 && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9')
        ? long.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    // sts-policy-mx-value = ["*."] Domain
    private static string? Pattern(ReadOnlySpan<byte> value)
    {
        if (value.Length is 0 or > 255 || value.ContainsAnyExceptInRange((byte)'!', (byte)'~')) return null;
        var text = Encoding.ASCII.GetString(value).TrimEnd('.').ToLowerInvariant();
        var host = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        return host.Length > 0 && host.Split('.').All(l => l is { Length: > 0 and <= 63 } && l.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) ? text : null;
    }

    private static string Shown(ReadOnlySpan<byte> value) =>
        new([.. Encoding.Latin1.GetString(value[..Math.Min(value.Length, 60)]).Select(c => c is >= ' ' and <= '~' ? c : '?')]);
}

/// <summary>sts-policy-record (RFC 8461 §3.2): lines of key ":" *WSP value, ended by LF or CRLF.</summary>
internal ref struct StsFields(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    /// <summary>A line was none of the grammar.</summary>
    public bool Wrong { get; private set; }

    public bool TryNext(out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        key = value = default;
        while (!_rest.IsEmpty)
        {
            var end = _rest.IndexOf((byte)'\n');
            var line = (end < 0 ? _rest : _rest[..end]).TrimEnd(" \t\r"u8);
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (line.IsEmpty) continue;
            var colon = line.IndexOf((byte)':');
            Wrong |= colon < 1 || line[..colon].ContainsAny(" \t"u8);
            if (Wrong) return false;
            key = line[..colon];
            value = line[(colon + 1)..].TrimStart(" \t"u8);
            return true;
        }
        return false;
    }
}
