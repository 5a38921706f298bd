using System.Text;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>redirect (RFC 5228 §4.2, 3894, 6134, 6009), reject and ereject (RFC 5429).</summary>
internal static class SendCommands
{
    public static IEnumerable<Spec> Specs =>
    [
        new("redirect")
        {
            Positional = [Wants.String],
            Tags =
            [
                new("copy", Wants.Nothing, "copy"), new("list", Wants.Nothing, "extlists"),
                new("notify", Wants.String, "redirect-dsn"), new("ret", Wants.String, "redirect-dsn"),
                new("bytimerelative", Wants.Number, "redirect-deliverby", "bytime"),
                    new("bytimeabsolute", Wants.String, "redirect-deliverby", "bytime"),
                new("bymode", Wants.String, "redirect-deliverby"), new("bytrace", Wants.Nothing, "redirect-deliverby"),
            ],
            Check = CheckRedirect,
            Run = Redirect,
        },
        new("reject", "reject") { Positional = [Wants.String], Run = (run, call) => Reject(run, call, isEreject: false) },
        new("ereject", "ereject") { Positional = [Wants.String], Run = (run, call) => Reject(run, call, isEreject: true) },
    ];

    /// <summary>One address with a domain, perhaps with a name or in angle brackets: "local@domain"; null for others.</summary>
    public static string? Address(string text)
    {
        if (text.Length > 1000 || text.Any(char.IsControl)) return null;
        var octets = Encoding.UTF8.GetBytes(text);
        if (AddrSpec.TryParse(octets, out _, out _)) return text.Trim();
        if (AddressList.Parse(octets) is not [{ IsGroup: false, LocalPart.Length: > 0, Domain.Length: > 0 } one]) return null;
        return text.TrimEnd().EndsWith('>') && AddrSpec.TryParse(Encoding.UTF8.GetBytes(one.Address), out _, out _) ? one.Address : null;
    }

    public static void CheckAddresses(Checker checker, Operand? operand)
    {
        if (operand is null) return;
        foreach (var address in operand.Constants)
        {
            if (Address(address.Constant!) is null) checker.Error(address.At, $"`{address.Constant}` is no mail address");
        }
    }

    private static void CheckRedirect(Checker checker, Call call)
    {
        if (!call.Has("list")) CheckAddresses(checker, call.Positional[0]);
    }

    private static async ValueTask<Flow> Redirect(SieveRun run, Call call)
    {
        var target = run.String(call.Positional[0]!);
        IReadOnlyList<string>? addresses = [target];
        if (call.Has("list")) addresses = await run.Host.ListMembersAsync(target, run.Cancel);
        if (addresses is null) run.Fail(call, $"there is no list `{target}` whose members are known");
        foreach (var text in addresses ?? [])
        {
            if (Address(text) is not { } address) run.Fail(call, $"`{text}` is no mail address");
            else if (!run.Add(call, Action(run, call, address))) return Flow.Stop;
        }
        if (!call.Has("copy")) run.CancelImplicitKeep();
        return Flow.Next;
    }

    private static SieveAction.Redirect Action(SieveRun run, Call call, string address) => new(address, call.Has("copy"))
    {
        DsnNotify = run.String(call, "notify"),
        DsnRet = run.String(call, "ret"),
        ByTime = call.Tag("bytimerelative")?.Number ?? Absolute(run, call),
        ByMode = call.Has("bytimerelative") || call.Has("bytimeabsolute")
            ? (run.String(call, "bymode") ?? "N") + (call.Has("bytrace") ? "T" : "") : null,
    };

    private static long? Absolute(SieveRun run, Call call) =>
        run.String(call, "bytimeabsolute") is { } text && DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var time)
            ? (long)(time - run.Message.Clock.GetUtcNow()).TotalSeconds : null;

    private static ValueTask<Flow> Reject(SieveRun run, Call call, bool isEreject)
    {
        var reason = run.String(call.Positional[0]!);
        run.CancelImplicitKeep();
        run.Add(call, new SieveAction.Reject(reason, isEreject));
        return new(Flow.Next);
    }
}
