using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Aviso.Tests.System.Browser;

/// <summary>A line of hostile.txt made ready: each has a path of its own at the host that listens, so that one can tell
/// whose it was.</summary>
/// <param name="Runs">Its script runs in a page without defence.</param>
/// <param name="Asks">It asks the network in a page without defence.</param>
/// <param name="Leads">It is a link that may be followed.</param>
internal sealed partial record HostilePayload(string Group, string Name, string Html, string Path, bool Runs, bool Asks, bool Leads)
{
    /// <summary>The subject of its message.</summary>
    public string Subject => $"hostile {Path}";

    /// <summary>Stands before it in the message: read there, it has been rendered.</summary>
    public string Mark => $"mark-{Path}-";

    /// <summary>Was this asked for by somebody who followed its link.</summary>
    public bool IsLink(string heard) => Leads && Links().Matches(Html).Any(link =>
        heard.StartsWith($"GET {new Uri(WebUtility.HtmlDecode(link.Groups[1].Value)).PathAndQuery} ", StringComparison.Ordinal));

    public static IReadOnlyList<HostilePayload> All { get; } = Read();

    private static List<HostilePayload> Read()
    {
        var all = new List<HostilePayload>();
        string group = "", name = "", flags = "";
        var html = new StringBuilder();
        foreach (var line in File.ReadLines(global::System.IO.Path.Combine(Checkout.Root, "tests", "Tests.System", "Browser",
            "hostile.txt")).Append("== "))
        {
            if (line.StartsWith('#')) continue;
            if (!line.StartsWith("== ", StringComparison.Ordinal) && !line.StartsWith("-- ", StringComparison.Ordinal))
            {
                html.Append(line).Append('\n');
                continue;
            }
            if (name.Length > 0) all.Add(Made(all.Count, group, name, flags, html.ToString().Trim('\n')));
            html.Clear();
            (group, name, flags) = line[..3] == "== " ? (line[3..], "", "")
                : (group, line[3..].Split('|')[0].Trim(), line.Contains('|', StringComparison.Ordinal) ? line.Split('|')[1] : "");
        }
        return all;
    }

    private static HostilePayload Made(int number, string group, string name, string flags, string html)
    {
        var path = $"{group[..2]}{number}";
        var address = $"http://{Sink.Host}/{path}";
        var script = $"window.pwned=1;top.postMessage('pwned','*');new Image().src='{address}/script'";
        // For an attribute without quotes, where quotes would end another.
        var bare = $"window.pwned=1;new/**/Image().src=`{address}/script`";
        var text = html.Replace("{{J0}}", bare, StringComparison.Ordinal).Replace("{J}", script, StringComparison.Ordinal)
            .Replace("{U}", address, StringComparison.Ordinal).Replace("{P}", "/" + path, StringComparison.Ordinal);
        text = Inside().Replace(text, m => Convert.ToBase64String(Encoding.UTF8.GetBytes(m.Groups[1].Value)));
        text = Character().Replace(text, m => char.ConvertFromUtf32(int.Parse(m.Groups[1].Value, NumberStyles.HexNumber,
            CultureInfo.InvariantCulture)));
        text = Repeat().Replace(text, m => string.Concat(Enumerable.Repeat(m.Groups[2].Value,
            int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))));
        return new(group, name, text, path, flags.Contains('!', StringComparison.Ordinal), flags.Contains('@', StringComparison.Ordinal),
            flags.Contains('>', StringComparison.Ordinal));
    }

    [GeneratedRegex("<a href=\"(http[^\"]*)\"")]
    private static partial Regex Links();

    [GeneratedRegex(@"\{B64:(.*?)\}(?=[""#])")]
    private static partial Regex Inside();

    [GeneratedRegex(@"\{U\+([0-9A-F]{4,5})\}")]
    private static partial Regex Character();

    [GeneratedRegex(@"\{N:(\d+):(.*?)\}(?=[^}]|$)")]
    private static partial Regex Repeat();
}
