using System.Text;
using Aviso.Base;

namespace Aviso.Settings;

/// <summary>Writes the commented sample and the manual page from the tables.</summary>
internal static class SettingsManual
{
    private const int Width = 110;

    /// <summary>What the manual, the sample and the schema say about a key.</summary>
    public static string Sentence(SettingsKey key) => key.Doc + (key.AfterRestart ? " A change holds after a restart." : "") + (key.Later is { } later ? $" Read and checked, no effect yet: {later} comes later." : "");

    /// <summary>A settings file that works after its names are changed: what is needed is set, the rest is shown as a comment.</summary>
    public static string Sample(SampleNames names)
    {
        var text = new StringBuilder();
        text.Append("# Settings of an Aviso mail server. Check changes with `aviso check`; a running server reads them by itself.\n"
            + "# Every value may be a reference: env:NAME, file:PATH, vault:PATH#FIELD, or literal:TEXT for a text that looks like one.\n"
            + "# Sizes: kB, MB, GB (powers of 1024). Rates: 10/min, 10/hour, 10/day. Times: 30s, 20m, 4h, 14d.\n");
        foreach (var key in ServerSettings.Table.Keys) SampleKey(text, key, names);
        return text.ToString();
    }

    private static void SampleKey(StringBuilder text, SettingsKey key, SampleNames names)
    {
        text.Append('\n');
        Comment(text, "# ", Sentence(key) + Defaults(key));
        if (key.Type.Table is { } table)
        {
            foreach (var inner in table.Keys) Comment(text, "#   ", $"{inner.Name}: {Sentence(inner)}{Defaults(inner)}");
        }
        var active = names.Values.TryGetValue(key.Name, out var value);
        foreach (var line in $"{key.Name}: {(active ? value : key.Example)}".Replace(": \n", ":\n", StringComparison.Ordinal).Split('\n'))
            text.Append(active ? "" : "# ").Append(line.TrimEnd()).Append('\n');
    }

    private static string Defaults(SettingsKey key) =>
        key.Required ? "" : key.Default.Length > 0 ? $" Default: {key.Default}." : "";

    private static void Comment(StringBuilder text, string indent, string sentence)
    {
        var hanging = indent + (indent.Length > 2 ? "  " : "");
        var line = new StringBuilder(indent);
        var empty = true;
        foreach (var word in sentence.Split(' '))
        {
            if (!empty && line.Length + 1 + word.Length > Width)
            {
                text.Append(line).Append('\n');
                line.Clear().Append(hanging);
                empty = true;
            }
            if (!empty) line.Append(' ');
            line.Append(word);
            empty = false;
        }
        text.Append(line).Append('\n');
    }

    /// <summary>The manual page about settings, in Markdown.</summary>
    public static string Page()
    {
        var text = new StringBuilder("""
            # Settings

            This page is generated from the program (`./dev docs`); change the tables in `src/Server/Settings`, not this file.

            One YAML file, found at `--config FILE`, else `./aviso.yaml`, else `/etc/aviso/aviso.yaml`. It is read strictly: an
            unknown key, a wrong type or a contradiction is an error with its line, its column and what was meant, and all errors
            are shown at once. Anchors, aliases, merge keys and tags are refused. `aviso check` reads the file without starting
            anything; a running server reads it again on SIGHUP and when it or a file it refers to changes, keeps the old settings if
            the new ones are wrong, and drops no connection.

            Every scalar may be a reference, resolved before it is typed; one line end at the end is cut:

            | Written | Means |
            |---|---|
            | `env:NAME` | the environment variable NAME |
            | `file:PATH` | the content of the file; a relative path begins at the folder of the settings file |
            | `vault:PATH#FIELD` | a field of a secret in Vault (`#*`: all fields as one JSON object); needs the section `vault`, see [secrets](../secrets.md) |
            | `literal:TEXT` | TEXT itself, for a text that begins like a reference |

            Sizes are kB, MB and GB in powers of 1024. Rates are n/min, n/hour and n/day. Times are n and s, m, h or d. Booleans are
            `true` and `false` and nothing else.

            """.ReplaceLineEndings("\n"));
        Section(text, "", ServerSettings.Table);
        return text.ToString();
    }

    private static void Section(StringBuilder text, string path, ITable table)
    {
        text.Append('\n').Append(path.Length == 0 ? "## The top level" : $"## `{path}`").Append("\n\n").Append(table.Doc)
            .Append("\n\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n");
        foreach (var key in table.Keys)
        {
            var standard = key.Required ? "**required**" : key.Default.Length > 0 ? key.Default : "-";
            text.Append($"| `{key.Name}` | {key.Type.Name} | {Cell(standard)} | {Cell(Sentence(key))}{Choices(key)} |\n");
        }
        foreach (var key in table.Keys)
        {
            if (key.Type.Table is { } inner) Section(text, path.Length == 0 ? key.Name : $"{path}.{key.Name}", inner);
        }
    }

    private static string Choices(SettingsKey key) => key.Type.Meaning.StartsWith("one of ", StringComparison.Ordinal) ? $" {Capital(key.Type.Meaning)}." : "";

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ').Trim();
}

/// <summary>What the sample sets, by key; keys not named are shown as comments.</summary>
internal sealed record SampleNames(IReadOnlyDictionary<string, string> Values)
{
    /// <summary>The sample in <c>deploy/</c>.</summary>
    public static SampleNames Example { get; } = For("alice@example.org", "env:ALICE_PASSWORD", "/var/lib/aviso");

    /// <summary>For a server of the address's domain.</summary>
    public static SampleNames For(string address, string password, string data)
    {
        var domain = MailAddress.DomainOf(address);
        return new(new Dictionary<string, string>
        {
            ["hostname"] = $"mail.{domain}",
            ["data"] = data,
            ["listeners"] = ServerSettings.Table.Keys.First(k => k.Name == "listeners").Example,
            ["postmaster"] = address,
            ["tls"] = "{ self_signed: true }",
            ["domains"] = $"\n  - {{ name: {domain} }}",
            ["accounts"] = $"\n  - {{ address: {address}, password: {password} }}",
            ["events"] = $"{{ mail: {{ to: [{address}] }} }}",
        });
    }
}
