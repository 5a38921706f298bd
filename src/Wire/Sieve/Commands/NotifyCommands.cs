using System.Buffers;
using System.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>enotify (RFC 5435) with mailto (RFC 5436).</summary>
internal static class NotifyCommands
{
    public static IEnumerable<Spec> Specs =>
    [
        new("notify", "enotify")
        {
            Positional = [Wants.String],
            Tags = [new("from", Wants.String), new("importance", Wants.String), new("options", Wants.Strings), new("message", Wants.String),
                .. Fcc.Tags],
            Check = Check,
            Run = Notify,
        },
        new("valid_notify_method", "enotify") { Positional = [Wants.Strings], Test = Valid },
        new("notify_method_capability", "enotify") { Positional = [Wants.String, Wants.String, Wants.Strings], Matches = true, Test = Capability },
    ];

    private static void Check(Checker checker, Call call)
    {
        var method = call.Positional[0]!.Texts[0];
        if (method.Constant is { } uri && !MailtoUri.TryParse(uri, out _)) checker.Error(method.At, $"`{uri}` is no method of notification that is known here, such as mailto:alice@example.org");
        if (call.Tag("importance")?.Texts[0] is { Constant: { } importance, At: var at } && importance is not ("1" or "2" or "3")) checker.Error(at, "the importance is \"1\", \"2\" or \"3\"");
        foreach (var option in call.Tag("options")?.Constants ?? [])
        {
            if (!IsOption(option.Constant!)) checker.Error(option.At, $"`{option.Constant}` is no option: they are written name=value");
        }
        SendCommands.CheckAddresses(checker, call.Tag("from"));
        Fcc.Check(checker, call);
    }

    // RFC 5435 §3.5: optionname = l-d *l-d-p; the value has no line feed.
    private static bool IsOption(string option)
    {
        var equal = option.IndexOf('=', StringComparison.Ordinal);
        if (equal < 1 || !char.IsAsciiLetterOrDigit(option[0]) || option.AsSpan(equal).ContainsAny('\n', '\0')) return false;
        foreach (var c in option.AsSpan(0, equal))
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_')) return false;
        }
        return true;
    }

    private static ValueTask<bool> Valid(SieveRun run, Call call) =>
        new(run.Strings(call.Positional[0]).All(u => MailtoUri.TryParse(u, out _)));

    // RFC 5436 §2.5: nobody knows whether a mail address is online.
    private static async ValueTask<bool> Capability(SieveRun run, Call call)
    {
        var known = MailtoUri.TryParse(run.String(call.Positional[0]!), out _)
            && run.String(call.Positional[1]!).Equals("online", StringComparison.OrdinalIgnoreCase);
        return await run.Matcher(call, call.Positional[2]!).AnyAsync(known ? ["maybe"] : []);
    }

    private static ValueTask<Flow> Notify(SieveRun run, Call call)
    {
        var method = run.String(call.Positional[0]!);
        if (!MailtoUri.TryParse(method, out var uri))
        {
            run.Fail(call, $"`{method}` is no method of notification that is known here");
            return new(Flow.Stop);
        }
        if (uri.To.Count + uri.Cc.Count == 0) return new(Flow.Next);
        run.Add(call, Action(run, call, method, uri));
        return new(Flow.Next);
    }

    // RFC 5436 §2.7.1: any value but "no".
    private static bool IsAutomatic(SieveRun run) => run.View.Named("Auto-Submitted") is [var field, ..]
        && !field.Decoded.Split(';')[0].Trim().Equals("no", StringComparison.OrdinalIgnoreCase);

    private static SieveAction.Notify Action(SieveRun run, Call call, string method, MailtoUri uri)
    {
        var message = run.String(call, "message");
        var subject = message ?? uri.Subject
            ?? (run.View.Named("Subject") is [var old, ..] ? old.Decoded : "");
        var from = run.View.Named("From") is [var field, ..] ? field.Decoded : run.Message.EnvelopeFrom;
        var importance = run.String(call, "importance") is { } given && given is "1" or "3" ? given[0] - '0' : 2;
        var asFrom = run.String(call, "from");
        return new(method, uri.To, run.Message.EnvelopeTo, asFrom is not null && SendCommands.Address(asFrom) is not null ? asFrom : null,
            Template.Cut(subject.ReplaceLineEndings(" "), 500), uri.Body ?? $"You have new mail from {from}.\r\n", importance)
        {
            Cc = uri.Cc,
            Fields = uri.Fields,
            Fcc = Fcc.Read(run, call),
            Unsent = IsAutomatic(run) ? "the message was sent automatically" : null,
        };
    }
}

/// <summary>A mailto URI (RFC 6068), read for RFC 5436: fields that say who sent it are ignored.</summary>
internal sealed record MailtoUri(List<string> To, List<string> Cc, string? Subject, string? Body, List<KeyValuePair<string, string>> Fields)
{
    private const int MostAddresses = 8;
    private static readonly SearchValues<char> NotUri = SearchValues.Create(" \t\r\n<>\"");

    // RFC 5436 §2.3: these come from the notification itself.
    private static readonly string[] Ignored =
        ["from", "sender", "date", "message-id", "received", "auto-submitted", "mime-version", "return-path", "bcc", "in-reply-to",
            "references",
         "resent-from", "resent-to", "resent-cc", "resent-bcc", "resent-date", "resent-message-id", "resent-sender", "dkim-signature",
             "x-originating-ip"];

    public static bool TryParse(string text, out MailtoUri uri)
    {
        uri = new([], [], null, null, []);
        if (text.Length > 4096 || !text.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)) return false;
        if (text.AsSpan().ContainsAny(NotUri)) return false;
        var query = text.IndexOf('?', StringComparison.Ordinal);
        if (!TryAddresses(query < 0 ? text[7..] : text[7..query], uri.To)) return false;
        if (query < 0) return uri.To.Count > 0;
        foreach (var pair in text[(query + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equal = pair.IndexOf('=', StringComparison.Ordinal);
            if (equal <= 0 || !TryField(ref uri, Unescape(pair[..equal]).ToLowerInvariant(), pair[(equal + 1)..])) return false;
        }
        return uri.To.Count + uri.Cc.Count is > 0 and <= MostAddresses;
    }

    private static bool TryField(ref MailtoUri uri, string name, string value)
    {
        if (!HeaderTests.IsFieldName(name)) return false;
        switch (name)
        {
            case "to":
                return TryAddresses(value, uri.To);
            case "cc":
                return TryAddresses(value, uri.Cc);
            case "subject":
                uri = uri with { Subject = Unescape(value) };
                return true;
            case "body":
                uri = uri with { Body = Unescape(value) };
                return true;
            default:
                if (!Ignored.Contains(name) && !name.StartsWith("content-", StringComparison.Ordinal)) uri.Fields.Add(
                    new(name, Unescape(value)));
                return true;
        }
    }

    private static bool TryAddresses(string list, List<string> into)
    {
        foreach (var part in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var address = Unescape(part);
            if (!AddrSpec.TryParse(Encoding.UTF8.GetBytes(address), out _, out _)) return false;
            if (!into.Contains(address, AddressComparer.Instance)) into.Add(address);
        }
        return true;
    }

    private static string Unescape(string text) => Uri.UnescapeDataString(text);
}
