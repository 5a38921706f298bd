using System.Buffers;

namespace Aviso.Sieve;

/// <summary>imap4flags (RFC 5232).</summary>
internal static class FlagCommands
{
    private const int MostFlags = 200;
    private static readonly string[] System = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"];

    private static readonly SearchValues<char> NotKeyword = SearchValues.Create("(){%*\"\\]");

    public static readonly TagSpec Tag = new("flags", Wants.Strings, "imap4flags");

    public static IEnumerable<Spec> Specs =>
    [
        Change("setflag", (_, given) => given),
        Change("addflag", (had, given) => Distinct([.. had, .. given])),
        Change("removeflag", (had, given) => [.. had.Where(f => !given.Contains(f, StringComparer.OrdinalIgnoreCase))]),
        new("hasflag", "imap4flags")
        {
            Positional = [Wants.Strings, Wants.Strings],
            Optional = 1,
            Matches = true,
            Check = (checker, call) =>
            {
                CheckVariables(checker, call);
                // Keys are words in strings: they are taken apart when the test runs.
                call.Keys = null;
            },
            Test = HasFlag,
        },
    ];

    private static Spec Change(string name, Func<List<string>, List<string>, List<string>> change) => new(name, "imap4flags")
    {
        Positional = [Wants.String, Wants.Strings],
        Optional = 1,
        Check = (checker, call) =>
        {
            CheckVariables(checker, call);
            CheckFlags(checker, call.Positional[1]);
        },
        Run = (run, call) =>
        {
            var given = Read(run, call, run.Strings(call.Positional[1]));
            if (call.Positional[0] is not { } variable) run.Flags = Capped(run, call, change(run.Flags, given));
            else
            {
                var target = run.String(variable).ToLowerInvariant();
                var had = Read(run, call, [run.Variable("", target)]);
                run.SetVariable(call, "", target, string.Join(' ', Capped(run, call, change(had, given))));
            }
            return new(Flow.Next);
        },
    };

    /// <summary>Flags of an action: its :flags, else the internal variable (RFC 5232 §5).</summary>
    public static IReadOnlyList<string> For(SieveRun run, Call call) =>
        call.Tag("flags") is { } given ? Read(run, call, run.Strings(given)) : run.Flags;

    /// <summary>Words become flags; what can be none is left out (RFC 5232 §2).</summary>
    public static List<string> Read(SieveRun run, Call call, IEnumerable<string> given) => Capped(run, call, Distinct(given
        .SelectMany(g => g.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries)).TakeWhile(_ => run.Spend(1)).Select(Flag)
            .OfType<string>()));

    private static List<string> Distinct(IEnumerable<string> flags) => [.. flags.Distinct(StringComparer.OrdinalIgnoreCase)];

    // Some of the flags would be a guess which.
    private static List<string> Capped(SieveRun run, Call call, List<string> flags)
    {
        if (flags.Count > MostFlags) run.Fail(call, $"more than {MostFlags} flags");
        return flags;
    }

    // RFC 9051 §9: flag-keyword = atom; \Recent is the server's.
    private static string? Flag(string word)
    {
        if (word[0] == '\\') return Array.Find(System, s => s.Equals(word, StringComparison.OrdinalIgnoreCase));
        if (word.Length > 128 || word.AsSpan().ContainsAny(NotKeyword)) return null;
        return word.AsSpan().ContainsAnyExceptInRange('!', '~') ? null : word;
    }

    /// <summary>RFC 5232 §2: what can be no flag is left out; the author is told.</summary>
    public static void CheckFlags(Checker checker, Operand? flags)
    {
        foreach (var text in flags?.Constants ?? [])
        {
            foreach (var word in text.Constant!.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries))
            {
                if (Flag(word) is null) checker.Warn(text.At, $"`{word}` is no flag and is left out");
            }
        }
    }

    // RFC 5232 §2: naming a variable takes the variables extension.
    private static void CheckVariables(Checker checker, Call call)
    {
        if (call.Positional[0] is not { } names) return;
        if (!checker.Has("variables")) checker.Error(names.At, "a variable for flags needs require \"variables\"");
        foreach (var name in names.Constants)
        {
            if (!Template.IsIdentifier(name.Constant!)) checker.Error(name.At, $"`{name.Constant}` is no name of a variable");
        }
    }

    private static async ValueTask<bool> HasFlag(SieveRun run, Call call)
    {
        var flags = call.Positional[0] is { } names
            ? Read(run, call, run.Strings(names).Select(n => run.Variable("", n.ToLowerInvariant())))
            : run.Flags;
        var keys = run.Strings(call.Positional[1]).SelectMany(k => k.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
        return await new Matcher(run, call, new([.. keys], call.Match)).AnyAsync(flags);
    }
}
