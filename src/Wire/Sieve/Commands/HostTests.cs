using System.Security.Cryptography;
using System.Text;

namespace Aviso.Sieve;

/// <summary>Tests whose answer the host has: mailbox (RFC 5490), special-use (8579), mailboxid (9042), environment (5183),
/// spamtest and virustest (5235), duplicate (7352), extlists (6134).</summary>
internal static class HostTests
{
    /// <summary>What arithmetic loses: 30 of 100 is 3 of 10, not a little less.</summary>
    private const double Least = 1e-6;

    public static IEnumerable<Spec> Specs =>
    [
        new("mailboxexists", "mailbox") { Positional = [Wants.Strings], Test = (run, call) => All(run, call, run.Host.MailboxExistsAsync) },
        new("mailboxidexists", "mailboxid") { Positional = [Wants.Strings], Test = (run, call) => All(run, call, run.Host.MailboxIdExistsAsync) },
        new("specialuse_exists", "special-use")
        {
            Positional = [Wants.String, Wants.Strings],
            Optional = 1,
            Check = (checker, call) => MailboxCommands.CheckUse(checker, call.Positional[1]),
            Test = SpecialUse,
        },
        new("metadata", "mboxmetadata") { Positional = [Wants.String, Wants.String, Wants.Strings], Matches = true, Test = Metadata },
        new("metadataexists", "mboxmetadata") { Positional = [Wants.String, Wants.Strings], Test = MetadataExists },
        new("servermetadata", "servermetadata") { Positional = [Wants.String, Wants.Strings], Matches = true, Test = Metadata },
        new("servermetadataexists", "servermetadata") { Positional = [Wants.Strings], Test = MetadataExists },
        new("environment", "environment") { Positional = [Wants.String, Wants.Strings], Matches = true, Test = Environment },
        new("spamtest", "spamtest")
        {
            Positional = [Wants.String],
            Matches = true,
            Tags = [new("percent", Wants.Nothing, "spamtestplus")],
            Test = SpamTest,
        },
        new("virustest", "virustest") { Positional = [Wants.String], Matches = true, Test = VirusTest },
        new("valid_ext_list", "extlists") { Positional = [Wants.Strings], Test = ListExists },
        new("duplicate", "duplicate")
        {
            Tags =
            [
                new("handle", Wants.String), new("header", Wants.String, null, "id"), new("uniqueid", Wants.String, null, "id"),
                new("seconds", Wants.Number), new("last"),
            ],
            Check = (checker, call) =>
            {
                if (call.Tag("header")?.Texts[0] is { Constant: { } name, At: var at } && !HeaderTests.IsFieldName(name))
                    checker.Error(at, $"`{name}` is no name of a header field");
            },
            Test = Duplicate,
        },
    ];

    private static async ValueTask<bool> All(SieveRun run, Call call, Func<string, CancellationToken, ValueTask<bool>> exists)
    {
        foreach (var name in run.Strings(call.Positional[0]))
        {
            if (!run.Spend(10) || !await exists(name, run.Cancel)) return false;
        }
        return true;
    }

    private static async ValueTask<bool> SpecialUse(SieveRun run, Call call)
    {
        var mailbox = call.Positional[0] is { } named ? run.String(named) : null;
        foreach (var attribute in run.Strings(call.Positional[1]))
        {
            if (!run.Spend(10) || !await run.Host.HasSpecialUseAsync(mailbox, attribute, run.Cancel)) return false;
        }
        return true;
    }

    private static async ValueTask<bool> Metadata(SieveRun run, Call call)
    {
        var mailbox = call.Positional.Length == 3 ? run.String(call.Positional[0]!) : null;
        run.Spend(10);
        var value = await run.Host.MetadataAsync(mailbox, run.String(call.Positional[^2]!), run.Cancel);
        return await run.Matcher(call, call.Positional[^1]!).AnyAsync(value is null ? [] : [value]);
    }

    private static async ValueTask<bool> MetadataExists(SieveRun run, Call call)
    {
        var mailbox = call.Positional.Length == 2 ? run.String(call.Positional[0]!) : null;
        foreach (var name in run.Strings(call.Positional[^1]))
        {
            if (!run.Spend(10) || await run.Host.MetadataAsync(mailbox, name, run.Cancel) is null) return false;
        }
        return true;
    }

    private static async ValueTask<bool> Environment(SieveRun run, Call call)
    {
        var item = run.String(call.Positional[0]!).ToLowerInvariant();
        // RFC 5183 §4: with an item that is not known the test fails, even when it counts.
        return await run.Host.EnvironmentAsync(item, run.Cancel) is var value && (value ?? Item(item)) is { } known
            && await run.Matcher(call, call.Positional[1]!).AnyAsync([known]);
    }

    private static string? Item(string name) => name switch
    {
        "name" => "Aviso",
        "version" => typeof(HostTests).Assembly.GetName().Version?.ToString(3) ?? "0",
        "phase" => "post",
        "location" => "MDA",
        "vnd.dovecot.default-mailbox" => "INBOX",
        _ => null,
    };

    /// <summary>${env.remote_host}: items of the environment as variables (vnd.dovecot.environment); names of variables have no
    /// hyphens.</summary>
    public static string Variable(SieveRun run, string space, string name)
    {
        var item = (space.Length > 4 ? space[4..] + "." : "") + name;
        return Ask(run, item) ?? Ask(run, item.Replace('_', '-')) ?? "";
    }

    // A host that would have to look it up says nothing here.
    private static string? Ask(SieveRun run, string item)
    {
        var asked = run.Host.EnvironmentAsync(item, run.Cancel);
        return (asked.IsCompletedSuccessfully ? asked.Result : null) ?? Item(item);
    }

    // RFC 5235 §2.2: 0 not tested, 1 clean to 10 spam; with :percent 0 to 100.
    private static async ValueTask<bool> SpamTest(SieveRun run, Call call)
    {
        var percent = await run.Host.SpamPercentAsync(run.Cancel);
        var value = percent is not { } p ? 0 : call.Has("percent") ? (int)(Math.Clamp(p, 0, 100) + Least) : 1 + (int)((Math.Clamp(p, 0, 100) * 9 / 100) + Least);
        return await Score(run, call, value, percent is not null);
    }

    private static async ValueTask<bool> VirusTest(SieveRun run, Call call)
    {
        var value = Math.Clamp(await run.Host.VirusVerdictAsync(run.Cancel), 0, 5);
        return await Score(run, call, value, value > 0);
    }

    private static async ValueTask<bool> Score(SieveRun run, Call call, int value, bool tested) =>
        // RFC 5235 §2.2: a message that was not tested counts as none.
        await run.Matcher(call, call.Positional[0]!).AnyAsync(
            call.Match.Type == MatchType.Count && !tested ? [] : [value.ToString(System.Globalization.CultureInfo.InvariantCulture)]);

    private static async ValueTask<bool> ListExists(SieveRun run, Call call)
    {
        foreach (var list in run.Strings(call.Positional[0]))
        {
            if (!run.Spend(10) || await run.Host.IsInListAsync(list, "", run.Cancel) is null) return false;
        }
        return true;
    }

    // RFC 7352 §3: what is new is remembered only when the script ends well.
    private static async ValueTask<bool> Duplicate(SieveRun run, Call call)
    {
        var id = run.String(call, "uniqueid");
        if (id is null)
        {
            var fields = run.View.Named(run.String(call, "header") ?? "Message-ID");
            if (fields.Count == 0 || fields[0].Decoded.Length == 0) return false;
            id = fields[0].Decoded;
        }
        if (!run.Spend(100)) return false;
        var key = Hash("duplicate", run.String(call, "handle") ?? "", id);
        var seconds = call.Tag("seconds") is { } given ? TimeSpan.FromSeconds(given.Number) : run.Limits.DuplicateDefault;
        if (seconds > run.Limits.DuplicateLongest) seconds = run.Limits.DuplicateLongest;
        var seen = await run.Host.WasSeenAsync(key, run.Cancel);
        // RFC 7352 §3.2: :last counts from the last message, not from the first.
        if ((!seen || call.Has("last")) && !run.Duplicates.Exists(d => d.Key == key)) run.Duplicates.Add(new(key, seconds));
        return seen;
    }

    /// <summary>64 hexadecimal digits; parts cannot run into one another.</summary>
    public static string Hash(params string[] parts) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(string.Concat(parts.Select(p => $"{p.Length}:{p}")))));
}
