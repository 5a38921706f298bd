using System.Globalization;
using System.Net;
using Aviso.Base;

namespace Aviso.Settings;

/// <summary>So many in a span of time, such as 300/day.</summary>
public readonly record struct Rate(long Count, TimeSpan Per)
{
    public override string ToString() =>
        $"{Count}/{(Per == TimeSpan.FromMinutes(1) ? "min" : Per == TimeSpan.FromHours(1) ? "hour" : "day")}";
}

/// <summary>A value that is never shown. <see cref="ToString"/> gives the reference, or that it stands in the file.</summary>
public sealed class Secret(string value, string? reference) : IEquatable<Secret>
{
    /// <summary>As written, such as <c>env:NAME</c>; null when the secret itself stands in the file.</summary>
    public string? Reference { get; } = reference;

    /// <summary>The secret itself, for its use only.</summary>
    public string Reveal() => value;

    public override string ToString() => Reference ?? "(set in the file)";

    public bool Equals(Secret? other) => other is not null && other.Reveal() == value && other.Reference == Reference;

    public override bool Equals(object? obj) => Equals(obj as Secret);

    public override int GetHashCode() => value.GetHashCode(StringComparison.Ordinal);
}

/// <summary>The scalar types of the settings.</summary>
internal static class Types
{
    public static readonly ScalarType<string> Text = new("text", "a text", r =>
        r.Text.Length is > 0 and <= 1000 && !r.Text.Any(char.IsControl) ? r.Text : Parsed.No<string>("it is empty, too long or has control characters"));

    public static readonly ScalarType<string> Word = new("word", "a name of letters, digits, dots and dashes, at most 63",
        r => r.Text.Length is > 0 and <= 63 && r.Text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? r.Text : Parsed.No<string>(), pattern: "^[A-Za-z0-9._-]{1,63}$");

    public static readonly ScalarType<string> Path = new("path", "a path",
        r => r.Text.Length is > 0 and <= 4000 && !r.Text.Contains('\0') ? r.Text : Parsed.No<string>());

    public static readonly ScalarType<bool> Boolean = new("true or false", "true or false", r => r.Text switch
    {
        "true" => true,
        "false" => false,
        "yes" or "on" or "Yes" or "On" or "True" or "TRUE" or "YES" or "ON" => Parsed.No<bool>("say true"),
        "no" or "off" or "No" or "Off" or "False" or "FALSE" or "NO" or "OFF" => Parsed.No<bool>("say false"),
        _ => Parsed.No<bool>(),
    }, b => b ? "true" : "false", json: "boolean");

    public static readonly ScalarType<long> Size = new("size", "a size in kB, MB or GB, such as 200MB", ParseSize, ShowSize,
        "^[0-9]+(kB|MB|GB)$");

    public static readonly ScalarType<Rate> Rate = new("rate", "a rate such as 30/min, 100/hour or 300/day", ParseRate,
        pattern: "^[0-9]+/(min|hour|day)$");

    public static readonly ScalarType<TimeSpan> Duration = new("time", "a time such as 30s, 20m, 4h or 14d", ParseDuration,
        ShowDuration, "^[0-9]+(s|m|min|h|d)$");

    /// <summary>22:00-07:00.</summary>
    public static readonly ScalarType<string> HoursOfDay = new("hours", "hours of the day such as \"22:00-07:00\"",
        r => r.Text.Split('-') is [var from, var until] && IsTime(from) && IsTime(until) && from != until ? r.Text : Parsed.No<string>(),
        pattern: "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$");

    private static bool IsTime(string text) => TimeSpan.TryParseExact(text, @"hh\:mm", CultureInfo.InvariantCulture, out _);

    public static readonly ScalarType<string> HostName = new("host name", "a full host name such as mail.example.org",
        r => AsDomain(r.Text) is { } name ? name
            : Parsed.No<string>(r.Text.Contains('.') ? null : "it has no dot"));

    /// <summary>A name or an address to connect to; one label is fine inside a cluster.</summary>
    public static readonly ScalarType<string> Peer = new("host", "a host name or an IP address",
        r => IPAddress.TryParse(r.Text.Trim('[', ']'), out var ip) && r.Text.AsSpan().IndexOfAny(".:") >= 0 ? ip.ToString()
            : AsDomain(r.Text, labels: 1) ?? Parsed.No<string>(r.Text.Contains(':') ? "the port is a key of its own" : null));

    public static readonly ScalarType<string> Domain = new("domain", "a domain such as example.org",
        r => AsDomain(r.Text) is { } name ? name
            : Parsed.No<string>(r.Text.Contains('@') ? $"leave out what is before the @" : r.Text.Contains('.') ? null : "it has no dot"));

    /// <summary>example.org or *.example.org.</summary>
    public static readonly ScalarType<string> CertificateName = new("name or wildcard", "a host name such as mail.example.org, or a wildcard such as *.example.org",
        r => r.Text.StartsWith("*.", StringComparison.Ordinal) ? (AsDomain(r.Text[2..]) is { } below ? "*." + below : Parsed.No<string>())
            : AsDomain(r.Text) ?? Parsed.No<string>());

    public static readonly ScalarType<string> Address = new("address", "a mail address such as alice@example.org", ParseAddress);

    /// <summary>alice@example.org, sales-*@example.org, *@example.org.</summary>
    public static readonly ScalarType<string> AddressPattern = new("address or pattern",
        "an address, or a pattern with one * before the @, such as sales-*@example.org", ParsePattern);

    /// <summary>*, example.org, *.example.org, alice@example.org.</summary>
    public static readonly ScalarType<string> RouteMatch = new("address, domain or *",
        "*, a domain, *.domain or an address", r =>
            r.Text == "*" ? r.Text
            : r.Text.Contains('@') ? ParsePattern(r)
            : r.Text.StartsWith("*.", StringComparison.Ordinal) ? (AsDomain(r.Text[2..]) is { } below ? "*." + below : Parsed.No<string>())
            : AsDomain(r.Text) ?? Parsed.No<string>());

    public static readonly ScalarType<IPEndPoint> Listen = new("address and port",
        "an address and a port such as \"[::]:25\" or 127.0.0.1:2525", ParseListen);

    public static readonly ScalarType<IPAddress> Ip = new("IP address", "an IP address such as 192.0.2.25",
        r => IPAddress.TryParse(r.Text, out var ip) && (r.Text.Contains(':') || r.Text.Count(c => c == '.') == 3)
            ? ip : Parsed.No<IPAddress>());

    public static readonly ScalarType<IPNetwork> Network = new("network", "a network such as 10.0.0.0/8 or one address", ParseNetwork);

    public static readonly ScalarType<Secret> Secret = new("secret", "a secret, best as env:NAME or file:PATH",
        r => r.Text.Length is > 0 and <= 10_000 ? new Secret(r.Text, r.Reference) : Parsed.No<Secret>("it is empty or too long"),
        hidden: true);

    public static readonly ScalarType<Secret> Certificate = Pem("certificate", "CERTIFICATE");

    public static readonly ScalarType<Secret> PrivateKey = Pem("private key", "PRIVATE KEY");

    /// <summary>Content of a list kept elsewhere.</summary>
    /// <param name="looksRight">A list that is wrong is told with its lines; a text that is no list at all may be a secret that was meant for elsewhere.</param>
    public static ScalarType<Secret> List(string shape, Func<string, bool>? looksRight = null) => new("reference to a list", $"a reference to {shape}, such as file:PATH", r =>
        r.Reference is not null && looksRight?.Invoke(r.Text) == false ? Parsed.No<Secret>() :
        r.Reference is not null ? new Secret(r.Text, r.Reference)
        : LooksLikePath(r.Text) ? Parsed.No<Secret>($"say file:{r.Text}") : new Secret(r.Text, null), hidden: true, takesMap: true);

    public static ScalarType<int> Number(int least, int most) => new("number", $"a whole number from {least} to {most}", r =>
        int.TryParse(r.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) && n >= least && n <= most
            ? n : Parsed.No<int>(), json: "integer");

    public static ScalarType<double> Score { get; } = new("score", "a number such as 6 or 7.5", r =>
        double.TryParse(r.Text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n)
            && Math.Abs(n) <= 1000 ? n : Parsed.No<double>(), d => d.ToString(CultureInfo.InvariantCulture), json: "number");

    /// <summary>alice@example.org, example.org, @example.org, 192.0.2.0/24.</summary>
    public static readonly ScalarType<string> Sender = new("sender", "an address, a domain, @domain, an IP address or a network",
        r => Aviso.Spam.SenderEntry.Parse(r.Text, true, out var problem) is { } entry ? entry.Text : Parsed.No<string>("it " + problem));

    public static ListType<T> ListOf<T>(SettingType<T> item) => new(item);

    public static WordType<T> Words<T>(string name, params (string Word, T Value)[] words) where T : struct =>
        new(name, words.ToDictionary(w => w.Word, w => w.Value));

    private static ScalarType<Secret> Pem(string name, string label) => new("PEM " + name,
        $"the {name} as PEM, best as file:PATH", r =>
            r.Text.Contains($"{label}-----", StringComparison.Ordinal) ? new Secret(r.Text, r.Reference)
            : r.Reference is null && LooksLikePath(r.Text) ? Parsed.No<Secret>($"a path needs its scheme: say file:{r.Text}")
            : Parsed.No<Secret>($"there is no `{label}` block in it"), hidden: true);

    /// <summary>Nothing but comments, or at least one line of two words.</summary>
    public static bool LooksLikeVirtual(string text)
    {
        var lines = text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#').Take(100).ToList();
        return lines.Count == 0 || lines.Exists(l => l.AsSpan().IndexOfAny(' ', '\t') > 0);
    }

    private static bool LooksLikePath(string text) =>
        text.Length is > 0 and < 4000 && !text.Contains('\n') && text[0] != '{' && (text[0] is '/' or '.' or '~' || text.Contains('/')
            || System.IO.Path.HasExtension(text));

    private static Parsed<long> ParseSize(Resolved r)
    {
        var digits = r.Text.TakeWhile(char.IsAsciiDigit).Count();
        var unit = r.Text[digits..];
        if (digits is 0 or > 12 || !long.TryParse(r.Text.AsSpan(0, digits), out var count)) return Parsed.No<long>();
        var power = unit switch { "kB" => 10, "MB" => 20, "GB" => 30, _ => 0 };
        if (power == 0)
        {
            var meant = unit.Trim().ToLowerInvariant() switch
            {
                "k" or "kb" or "kib" => "kB",
                "g" or "gb" or "gib" => "GB",
                _ => "MB",
            };
            return Parsed.No<long>($"say {count}{meant}");
        }
        return count <= long.MaxValue >> (power + 1) ? count << power : Parsed.No<long>("it is too large");
    }

    private static string ShowSize(long octets) =>
        octets >= 1L << 30 && octets % (1L << 30) == 0 ? $"{octets >> 30}GB"
        : octets >= 1L << 20 && octets % (1L << 20) == 0 ? $"{octets >> 20}MB"
        : $"{octets >> 10}kB";

    private static Parsed<Rate> ParseRate(Resolved r)
    {
        var slash = r.Text.IndexOf('/');
        if (slash < 1 || !long.TryParse(r.Text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count is < 1 or > 1_000_000_000) return Parsed.No<Rate>();
        return r.Text[(slash + 1)..] switch
        {
            "min" => new Rate(count, TimeSpan.FromMinutes(1)),
            "hour" => new Rate(count, TimeSpan.FromHours(1)),
            "day" => new Rate(count, TimeSpan.FromDays(1)),
            "m" or "minute" => Parsed.No<Rate>($"say {count}/min"),
            "h" or "hr" => Parsed.No<Rate>($"say {count}/hour"),
            "d" => Parsed.No<Rate>($"say {count}/day"),
            _ => Parsed.No<Rate>(),
        };
    }

    private static Parsed<TimeSpan> ParseDuration(Resolved r)
    {
        // As rates have it: 1min is 1m.
        var text = r.Text.EndsWith("min", StringComparison.Ordinal) ? r.Text[..^2] : r.Text;
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None,
            CultureInfo.InvariantCulture, out var count) || count > 1_000_000) return Parsed.No<TimeSpan>();
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(count),
            _ => Parsed.No<TimeSpan>(),
        };
    }

    private static string ShowDuration(TimeSpan time) =>
        time.TotalDays >= 1 && time == TimeSpan.FromDays((int)time.TotalDays) ? $"{(int)time.TotalDays}d"
        : time.TotalHours >= 1 && time == TimeSpan.FromHours((int)time.TotalHours) ? $"{(int)time.TotalHours}h"
        : time.TotalMinutes >= 1 && time == TimeSpan.FromMinutes((int)time.TotalMinutes) ? $"{(int)time.TotalMinutes}m"
        : $"{(int)time.TotalSeconds}s";

    /// <summary>The name in lower case without a dot at its end, or null. Letters outside ASCII are kept (RFC 5890 U-labels).</summary>
    private static string? AsDomain(string text, int labels = 2)
    {
        if (text.EndsWith('.')) text = text[..^1];
        if (text.Length is 0 or > 253) return null;
        var parts = text.Split('.');
        if (parts.Length < labels || parts.Any(p => p.Length is 0 or > 63 || p[0] == '-' || p[^1] == '-')) return null;
        if (text.Any(c => !(char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' || (c > 127 && (char.IsLetterOrDigit(c) || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark))))) return null;
        // What no name is elsewhere is none here either (RFC 5893).
        return parts[^1].All(char.IsAsciiDigit) || !DomainName.TryParse(text, out _) ? null : text.ToLowerInvariant();
    }

    private static Parsed<string> ParseAddress(Resolved r)
    {
        if (!MailAddress.TryCut(r.Text, out var local, out var name)) return Parsed.No<string>("it has no @");
        if (!IsLocalPart(local.ToString()) || AsDomain(name.ToString()) is not { } domain) return Parsed.No<string>();
        return $"{local}@{domain}";
    }

    private static Parsed<string> ParsePattern(Resolved r)
    {
        if (!MailAddress.TryCut(r.Text, out var written, out var name)) return Parsed.No<string>("it has no @");
        var local = written.ToString();
        var stars = local.Count(c => c == '*');
        if (stars > 1) return Parsed.No<string>("it has more than one *");
        if (!IsLocalPart(stars == 1 ? local.Replace('*', 'x') : local)) return Parsed.No<string>();
        return AsDomain(name.ToString()) is { } domain ? $"{local}@{domain}" : Parsed.No<string>();
    }

    /// <summary>RFC 5321 §4.1.2 Dot-string, with RFC 6531 letters; quoted local parts are not for settings.</summary>
    private static bool IsLocalPart(string text) =>
        text.Length is > 0 and <= 64 && text[0] != '.' && text[^1] != '.' && !text.Contains("..", StringComparison.Ordinal)
        && text.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-/=?^_`{|}~.".Contains(c) || (c > 127 && !char.IsControl(c) && !char.IsWhiteSpace(c)));

    private static Parsed<IPEndPoint> ParseListen(Resolved r)
    {
        var colon = r.Text.LastIndexOf(':');
        if (colon < 0)
        {
            return Parsed.No<IPEndPoint>(int.TryParse(r.Text, out var only) && only is >= 0 and <= 65535
                ? $"say \"[::]:{only}\" for every address" : "the port is missing");
        }
        if (!ushort.TryParse(r.Text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return Parsed.No<IPEndPoint>("a port is a number from 0 to 65535");
        var host = r.Text[..colon];
        if (host is "" or "*") return Parsed.No<IPEndPoint>($"say \"[::]:{port}\" for every address");
        if (host == "localhost") return Parsed.No<IPEndPoint>($"say 127.0.0.1:{port}");
        var bracketed = host is ['[', .., ']'];
        if (!bracketed && host.Contains(':')) return Parsed.No<IPEndPoint>("an IPv6 address stands in brackets");
        var text = bracketed ? host[1..^1] : host;
        if (!IPAddress.TryParse(text, out var ip) || (!bracketed && host.Count(c => c == '.') != 3)
            || bracketed != text.Contains(':')) return Parsed.No<IPEndPoint>("that is no IP address");
        return new IPEndPoint(ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip, port);
    }

    private static Parsed<IPNetwork> ParseNetwork(Resolved r)
    {
        var slash = r.Text.IndexOf('/');
        var host = slash < 0 ? r.Text : r.Text[..slash];
        if (!IPAddress.TryParse(host, out var ip) || (!host.Contains(':') && host.Count(c => c == '.') != 3)) return Parsed.No<IPNetwork>();
        var bits = ip.GetAddressBytes().Length * 8;
        var prefix = bits;
        if (slash >= 0 && (!int.TryParse(r.Text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > bits))
            return Parsed.No<IPNetwork>($"the prefix is a number from 0 to {bits}");
        if (ip.IsIPv4MappedToIPv6 && prefix >= 96) (ip, prefix) = (ip.MapToIPv4(), prefix - 96);
        var octets = ip.GetAddressBytes();
        for (var bit = prefix; bit < octets.Length * 8; bit++) octets[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        var first = new IPAddress(octets);
        return first.Equals(ip) ? new IPNetwork(ip, prefix) : Parsed.No<IPNetwork>($"the network is {first}/{prefix}");
    }
}
