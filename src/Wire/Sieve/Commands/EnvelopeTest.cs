using Aviso.Base;

namespace Aviso.Sieve;

/// <summary>envelope (RFC 5228 §5.4) with subaddress (RFC 5233) and envelope-dsn (RFC 6009 §3).</summary>
internal static class EnvelopeTest
{
    private static readonly string[] Addresses = ["from", "to", "auth", "orig_to"];
    private static readonly string[] Dsn = ["notify", "orcpt", "ret", "envid"];

    public static IEnumerable<Spec> Specs =>
    [
        new("envelope", "envelope") { Positional = [Wants.Strings, Wants.Strings], Matches = true, AddressParts = true, Check = Check, Test = Envelope },
    ];

    private static void Check(Checker checker, Call call)
    {
        foreach (var part in call.Positional[0]!.Constants)
        {
            var name = part.Constant!.ToLowerInvariant();
            if (Dsn.Contains(name) && !checker.Has("envelope-dsn")) checker.Error(part.At, $"`{name}` needs require \"envelope-dsn\"");
            else if (!Dsn.Contains(name) && !Addresses.Contains(name))
                checker.Error(part.At, $"the envelope has no part `{part.Constant}`{Nearest.Hint(name, Addresses)}");
        }
    }

    private static async ValueTask<bool> Envelope(SieveRun run, Call call)
    {
        var values = new List<string>();
        foreach (var name in run.Strings(call.Positional[0]))
        {
            var part = name.ToLowerInvariant();
            if (Value(run.Message, part) is not { } value) continue;
            if (Dsn.Contains(part)) values.AddRange(part == "notify" ? value.Split(',') : [value]);
            // RFC 5228 §5.4: the null reverse-path is the empty string whatever part is asked for.
            else if (value.Length == 0) values.Add("");
            else
            {
                if (!MailAddress.TryCut(value, out var local, out var domain)) local = value;
                if (call.Part == AddressPart.All) values.Add(value);
                else if (AddressParts.Of(MailAddress.TryUnquote(local, out var plain) ? plain : local.ToString(), domain.ToString(), call.Part, run.Limits.Separators) is { } asked) values.Add(asked);
            }
        }
        return await run.Matcher(call, call.Positional[1]!).AnyAsync(values);
    }

    private static string? Value(SieveMessage message, string part) => part switch
    {
        "from" => message.EnvelopeFrom,
        "to" => message.EnvelopeTo,
        "auth" => message.Authenticated,
        "orig_to" => message.OriginalTo ?? message.EnvelopeTo,
        "notify" => message.DsnNotify,
        "orcpt" => message.DsnOriginalRecipient,
        "ret" => message.DsnRet,
        "envid" => message.DsnEnvelopeId,
        _ => null,
    };
}
