using System.Text;

namespace Aviso.Sieve;

/// <summary>What is wrong, or doubtful, with a script.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Text">One sentence for the script's author, without line end.</param>
public sealed record SieveProblem(int Line, int Column, string Text)
{
    /// <summary>"3:7: text".</summary>
    public override string ToString() => $"{Line}:{Column}: {Text}";
}

/// <summary>What <see cref="SieveCompiler"/> made of a script.</summary>
/// <param name="Script">Null exactly when there are <paramref name="Errors"/>.</param>
public sealed record SieveCompilation(SieveScript? Script, IReadOnlyList<SieveProblem> Errors, IReadOnlyList<SieveProblem> Warnings);

/// <summary>What a script may be and use.</summary>
public sealed record SieveOptions
{
    public static readonly SieveOptions Default = new();

    /// <summary>UTF-8 octets of one script.</summary>
    public int ScriptOctets { get; init; } = 1024 * 1024;

    /// <summary>Blocks inside one another, and tests inside one another.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>Commands and tests of one script.</summary>
    public int Commands { get; init; } = 100_000;

    /// <summary>Errors listed before the rest is left out.</summary>
    public int Errors { get; init; } = 20;

    /// <summary>Extensions a script may require; null: all of <see cref="SieveCompiler.Extensions"/>.</summary>
    public IReadOnlyCollection<string>? Extensions { get; init; }

    /// <summary>With errors of grammar nothing else is looked at: what follows from them would be counted too.</summary>
    internal bool GrammarFirst { get; init; }

    /// <summary>The script's name in messages; empty when it has none.</summary>
    public string Name { get; init; } = "";
}

/// <summary>Text to <see cref="SieveScript"/>, or what is wrong with it. Never throws, whatever the text is.</summary>
/// <remarks>
/// This folder (Sieve) owns RFC 5228 and its extensions: grammar, checking, the compiled tree and running it. It stores nothing,
/// sends nothing and knows no account: what it needs to know it asks <see cref="ISieveHost"/>, what is to happen it answers as
/// <see cref="SieveOutcome"/>. Rules in it: every script ends within <see cref="SieveLimits"/>; a script that fails keeps the mail;
/// nothing a message or a script holds makes it throw; work grows with the size of script and message, never with their product
/// beyond the step budget.
/// </remarks>
public static class SieveCompiler
{
    /// <summary>Capability names in the order ManageSieve shows them.</summary>
    public static IReadOnlyList<string> Extensions { get; } =
    [
        "fileinto", "reject", "ereject", "envelope", "encoded-character", "vacation", "vacation-seconds", "subaddress",
        "comparator-i;ascii-numeric", "comparator-i;unicode-casemap", "relational", "regex", "imap4flags", "copy", "include", "variables",
        "body", "enotify", "environment", "mailbox", "mboxmetadata", "servermetadata", "special-use", "mailboxid", "date", "index",
        "ihave", "duplicate", "mime", "foreverypart", "extracttext", "replace", "enclose", "editheader", "extlists", "fcc",
        "envelope-dsn", "redirect-dsn", "redirect-deliverby", "spamtest", "spamtestplus", "virustest", "vnd.dovecot.debug",
        "vnd.dovecot.environment",
    ];

    /// <summary>Extensions that may be required but are not shown: names every implementation has, and our test driver's.</summary>
    internal static readonly string[] Unlisted = ["comparator-i;octet", "comparator-i;ascii-casemap"];

    /// <summary>URI schemes of enotify (RFC 5435) that are known.</summary>
    public static IReadOnlyList<string> NotifyMethods { get; } = ["mailto"];

    /// <summary>Compiles; warnings are given whether or not there are errors.</summary>
    public static SieveCompilation Compile(string text, SieveOptions? options = null) =>
        Compile(text, options ?? SieveOptions.Default, SpecTable.Standard);

    private static List<SieveProblem> InOrder(List<SieveProblem> problems) => [.. problems.OrderBy(p => p.Line).ThenBy(p => p.Column)];

    internal static SieveCompilation Compile(string text, SieveOptions options, SpecTable table)
    {
        var problems = new Problems(text, options.Errors);
        if (text.Length > options.ScriptOctets || Encoding.UTF8.GetByteCount(text) > options.ScriptOctets)
        {
            problems.Error(0, $"a script has at most {options.ScriptOctets} octets");
            return new(null, problems.Errors, problems.Warnings);
        }
        var phrases = new Parser(text, problems, options).Start();
        if (problems.Errors.Count > 0 && options.GrammarFirst) return new(null, problems.Errors, problems.Warnings);
        var checker = new Checker(problems, options, table);
        var commands = checker.Script(phrases);
        var script = problems.Errors.Count > 0 ? null : new SieveScript(options.Name, commands, checker.Granted);
        return new(script, InOrder(problems.Errors), InOrder(problems.Warnings));
    }
}

/// <summary>A compiled script: immutable, may be kept and run by many at once.</summary>
public sealed class SieveScript
{
    internal SieveScript(string name, Call[] commands, IEnumerable<string> extensions)
    {
        Name = name;
        Commands = commands;
        Extensions = [.. extensions];
        UsesVariables = Extensions.Contains("variables", StringComparer.Ordinal);
    }

    /// <summary>As given in <see cref="SieveOptions.Name"/>.</summary>
    public string Name { get; }

    /// <summary>What it requires.</summary>
    public IReadOnlyList<string> Extensions { get; }

    internal Call[] Commands { get; }

    internal bool UsesVariables { get; }
}
