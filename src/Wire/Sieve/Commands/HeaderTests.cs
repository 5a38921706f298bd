using System.Text;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>header, address, exists, size (RFC 5228 §5) with index (RFC 5260) and mime (RFC 5703 §4).</summary>
internal static class HeaderTests
{
    public static readonly TagSpec[] Index = [new("index", Wants.Number, "index"), new("last", Wants.Nothing, "index")];

    private static readonly TagSpec[] Mime = [new("mime", Wants.Nothing, "mime"), new("anychild", Wants.Nothing, "mime")];

    private static readonly TagSpec[] MimeValues =
    [
        new("type", Wants.Nothing, "mime", "mimevalue"), new("subtype", Wants.Nothing, "mime", "mimevalue"),
        new("contenttype", Wants.Nothing, "mime", "mimevalue"), new("param", Wants.Strings, "mime", "mimevalue"),
    ];

    // RFC 5228 §5.1 keeps address to fields that hold addresses: those of RFC 5322 and what mail programs and lists write.
    private static readonly HashSet<string> AddressFields = new(StringComparer.OrdinalIgnoreCase)
    {
        "From", "To", "Cc", "Bcc", "Sender", "Reply-To", "Return-Path", "Delivered-To", "Errors-To", "Envelope-To", "Envelope-From",
        "Disposition-Notification-To", "Return-Receipt-To", "Apparently-To", "Mail-Followup-To", "Mail-Reply-To", "Approved", "Original-Recipient",
        "Original-From", "Author", "X-Original-To", "X-Original-From", "X-Envelope-To", "X-Envelope-From", "X-Envelope-Sender", "X-Delivered-To",
        "X-Forwarded-To", "X-Forwarded-For", "X-Apparently-To", "X-Sender", "X-Authenticated-Sender", "X-BeenThere", "X-Rcpt-To", "X-Reply-To",
        "X-Confirm-Reading-To", "X-Complaints-To", "X-Abuse-Reports-To", "X-Loop", "X-Sieve-Redirected-From", "X-Google-Original-From",
    };

    private static bool HoldsAddresses(string name) => AddressFields.Contains(name)
        || (name.StartsWith("Resent-", StringComparison.OrdinalIgnoreCase) && AddressFields.Contains(name[7..]));

    public static IEnumerable<Spec> Specs =>
    [
        new("header") { Positional = [Wants.Strings, Wants.Strings], Matches = true, Tags = [.. Index, .. Mime, .. MimeValues], Check = CheckHeader, Test = Header },
        new("address")
        {
            Positional = [Wants.Strings, Wants.Strings],
            Matches = true,
            AddressParts = true,
            Tags = [.. Index, .. Mime],
            Check = CheckAddress,
            Test = Address,
        },
        new("exists") { Positional = [Wants.Strings], Tags = Mime, Check = CheckHeader, Test = Exists },
        new("size") { Positional = [Wants.Number], Tags = [new("over", Group: "size"), new("under", Group: "size")], Check = CheckSize, Test = Size },
    ];

    public static bool IsFieldName(string name) => name.Length is > 0 and <= 255 && !name.AsSpan().ContainsAnyExceptInRange('!', '~') && !name.Contains(':', StringComparison.Ordinal);

    public static void CheckIndex(Checker checker, Call call)
    {
        if (call.Has("last") && !call.Has("index")) checker.Error(call.At, ":last goes with :index");
        if (call.Tag("index") is { Number: < 1 } index) checker.Error(index.At, ":index counts from 1");
    }

    /// <summary>RFC 5260 §6: all fields, or the one :index counts, from the end with :last.</summary>
    public static IEnumerable<Field> Select(Call call, IReadOnlyList<Field> fields)
    {
        if (call.Tag("index") is not { } index) return fields;
        var at = call.Has("last") ? fields.Count - index.Number : index.Number - 1;
        return at >= 0 && at < fields.Count ? [fields[(int)at]] : [];
    }

    public static void CheckHeader(Checker checker, Call call)
    {
        CheckIndex(checker, call);
        if (!call.Has("mime") && (call.Has("anychild") || MimeValues.Any(t => call.Has(t.Name)))) checker.Error(call.At, "this tag goes with :mime");
        foreach (var name in call.Positional[0]!.Constants)
        {
            // RFC 5228 §2.4.2.2: such a name is no error, it is a field that is not there.
            if (!IsFieldName(name.Constant!)) checker.Warn(name.At, $"`{name.Constant}` is no name of a header field: no message has it");
        }
    }

    private static void CheckAddress(Checker checker, Call call)
    {
        CheckHeader(checker, call);
        foreach (var name in call.Positional[0]!.Constants)
        {
            if (IsFieldName(name.Constant!) && !HoldsAddresses(name.Constant!)) checker.Error(name.At, $"the field `{name.Constant}` is not known to hold addresses; `header` looks at any field");
        }
    }

    private static void CheckSize(Checker checker, Call call)
    {
        if (call.Tags.Count == 0) checker.Error(call.At, "`size` takes :over or :under");
    }

    private static ValueTask<bool> Size(SieveRun run, Call call)
    {
        var wanted = call.Positional[0]!.Number;
        return new(call.Has("over") ? run.View.Size > wanted : run.View.Size < wanted);
    }

    // RFC 5703 §4: the part a loop is at, else the message; with :anychild all below as well.
    private static IEnumerable<MimePart> Parts(SieveRun run, Call call)
    {
        var part = run.Part ?? run.View.Root;
        return call.Has("anychild") ? run.View.Walk(part) : [part];
    }

    private static IEnumerable<Field> Fields(SieveRun run, Call call, string name)
    {
        if (!run.Spend(1)) return [];
        if (!call.Has("mime")) return Select(call, run.View.Named(name));
        return Parts(run, call).TakeWhile(_ => run.Spend(5)).SelectMany(p => Select(call, [.. run.View.Named(p, name)]));
    }

    private static async ValueTask<bool> Header(SieveRun run, Call call)
    {
        var matcher = run.Matcher(call, call.Positional[1]!);
        foreach (var name in run.Strings(call.Positional[0]))
        {
            foreach (var field in Fields(run, call, name))
            {
                if (run.Failed) return false;
                if (!call.Has("mime") ? await matcher.IsMatchAsync(field.Decoded) : await matcher.AnyOfAsync(Values(run, call, field))) return true;
            }
        }
        return matcher.End();
    }

    private static IEnumerable<string> Values(SieveRun run, Call call, Field field)
    {
        if (!call.Has("type") && !call.Has("subtype") && !call.Has("contenttype") && !call.Has("param")) return [field.Decoded];
        var text = HeaderText.Raw(field.Value);
        var end = text.IndexOfAny([';', ' ', '\t', '(']);
        var value = (end < 0 ? text : text[..end]).ToLowerInvariant();
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (call.Has("type")) return [slash < 0 ? value : value[..slash]];
        if (call.Has("subtype")) return slash < 0 ? [""] : [value[(slash + 1)..]];
        if (call.Has("contenttype")) return [value];
        var parameters = end < 0 ? [] : ParameterList.Parse(Encoding.UTF8.GetBytes(text[end..]));
        var names = run.Strings(call.Tag("param"));
        return parameters.Where(p => names.Contains(p.Name, StringComparer.OrdinalIgnoreCase)).Select(p => EncodedWord.Decode(p.Value));
    }

    private static async ValueTask<bool> Address(SieveRun run, Call call)
    {
        var fields = run.Strings(call.Positional[0]).SelectMany(name => Fields(run, call, name));
        var matcher = run.Matcher(call, call.Positional[1]!);
        foreach (var field in fields)
        {
            foreach (var address in field.Addresses)
            {
                if (run.Failed) return false;
                if (AddressParts.Of(address, call.Part, run.Limits.Separators) is { } part && await matcher.IsMatchAsync(part)) return true;
            }
        }
        return matcher.End();
    }

    private static ValueTask<bool> Exists(SieveRun run, Call call)
    {
        foreach (var name in run.Strings(call.Positional[0]))
        {
            if (!Fields(run, call, name).Any()) return new(false);
        }
        return new(true);
    }
}

/// <summary>RFC 5228 §2.7.4, RFC 5233 §4: parts of an address. Null: the address has no such part, nothing matches it.</summary>
internal static class AddressParts
{
    public static string? Of(HeaderAddress address, AddressPart part, string separators)
    {
        if (part == AddressPart.All) return address.Domain.Length > 0 ? address.LocalPart + "@" + address.Domain : address.LocalPart.Length > 0 ? address.LocalPart : address.DisplayName;
        // RFC 5228 §2.7.4: what is no address (RFC 5322 §3.4.1 wants a domain) is matched by none of these.
        if (address.Domain.Length == 0) return null;
        return Of(address.LocalPart, address.Domain, part, separators);
    }

    public static string? Of(string local, string domain, AddressPart part, string separators)
    {
        var plus = local.AsSpan().IndexOfAny(separators);
        return part switch
        {
            AddressPart.LocalPart => local,
            AddressPart.Domain => domain,
            AddressPart.User => plus < 0 ? local : local[..plus],
            AddressPart.Detail => plus < 0 ? null : local[(plus + 1)..],
            _ => local + "@" + domain,
        };
    }
}
