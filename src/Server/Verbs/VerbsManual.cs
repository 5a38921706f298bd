using System.CommandLine;
using System.Text;

namespace Aviso.Verbs;

/// <summary>The manual page about verbs, in Markdown, from the command tree.</summary>
internal static class VerbsManual
{
    public static string Page(RootCommand root)
    {
        var text = new StringBuilder("# Verbs\n\nThis page is generated from the program (`./dev docs`).\n\n"
            + "Exit status: 0 ok, 1 found problems, 2 wrong usage, 3 could not run. Every verb takes `--help` and `--config FILE` (default\n"
            + "`./aviso.yaml`, then `/etc/aviso/aviso.yaml`); those that print data take `--json`.\n");
        foreach (var verb in root.Subcommands.Where(v => !v.Hidden)) Section(text, verb, "aviso");
        return text.ToString();
    }

    private static void Section(StringBuilder text, Command verb, string before)
    {
        var name = $"{before} {verb.Name}";
        var arguments =
            string.Concat(verb.Arguments.Select(a => $" {a.HelpName ?? a.Name}{(a.Arity.MaximumNumberOfValues > 1 ? "..." : "")}"));
        text.Append($"\n{(before == "aviso" ? "##" : "###")} `{name}{arguments}`\n\n");
        var parts = (verb.Description ?? "").Split("\n\nExamples:\n", 2);
        text.Append(parts[0]).Append("\n\n");
        foreach (var argument in verb.Arguments) text.Append($"- `{argument.HelpName ?? argument.Name}`: {argument.Description}\n");
        foreach (var option in verb.Options.Where(o => !o.Hidden && o.Name is not "--help" and not "--version"))
            text.Append($"- `{option.Name}{(option.HelpName is { } h ? " " + h : "")}`: {option.Description}\n");
        if (verb.Arguments.Count > 0 || verb.Options.Count > 0) text.Append('\n');
        if (parts.Length > 1) text.Append("```sh\n").Append(string.Join('\n', parts[1].Split('\n').Select(l => l.Trim())))
            .Append("\n```\n");
        foreach (var inner in verb.Subcommands) Section(text, inner, name);
    }
}
