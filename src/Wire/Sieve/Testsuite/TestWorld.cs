using System.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>
/// The world of a collection of tests: message and envelope as the tests set them, mailboxes in memory, mail that would go out,
/// settings. Scripts are files beside the collection.
/// </summary>
internal sealed class TestWorld(string folder, BodySpool spool) : ISieveHost
{
    private readonly Dictionary<string, string> _envelope = new(StringComparer.OrdinalIgnoreCase);
    /// <summary>test_config_set "list tag:example.org:friends" "alice@example.org bob@example.org" makes an external list (RFC 6134).</summary>
    private const string ListSetting = "list ";

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly HashSet<string> _answered = new(StringComparer.Ordinal);

    public Dictionary<string, string> Settings { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, List<byte[]>> Mailboxes { get; } = new(StringComparer.Ordinal) { ["INBOX"] = [] };

    public Dictionary<(string?, string), string> Annotations { get; } = [];

    public List<Sent> Outgoing { get; } = [];

    /// <summary>Scripts that test_binary_save put aside.</summary>
    public Dictionary<string, SieveCompilation?> Binaries { get; } = new(StringComparer.Ordinal);

    /// <summary>The outcome is of a test before this one.</summary>
    public bool IsOld { get; set; }

    /// <summary>Mail that would have gone out.</summary>
    public sealed record Sent(byte[] Octets, string From, string To);

    public SieveCompilation? Compiled { get; set; }

    public SieveOutcome? Outcome { get; set; }

    public IReadOnlyList<string> Errors { get; set; } = [];

    public string Folder { get; } = folder;

    private byte[] _octets = Encoding.ASCII.GetBytes("From: sender@example.org\r\nTo: recipient@example.com\r\nSubject: test\r\n\r\nTest\r\n");

    public SieveMessage Message { get; private set; } = null!;

    /// <summary>Sets "message", "envelope.from" and their like; false for an unknown name.</summary>
    public bool TrySet(string name, string value)
    {
        if (name == "message") _octets = Encoding.UTF8.GetBytes(value);
        else if (name.StartsWith("envelope.", StringComparison.Ordinal) && name[9..] is "from" or "to" or "orig_to" or "auth" or "notify" or "ret" or "envid" or "orcpt") _envelope[name[9..]] = Bare(value);
        else return false;
        Refresh();
        return true;
    }

    public void SetMessage(Sent sent)
    {
        (_envelope["from"], _envelope["to"]) = (sent.From, sent.To);
        SetMessage(sent.Octets);
    }

    public void SetMessage(byte[] octets)
    {
        _octets = octets;
        Refresh();
    }

    public void Refresh()
    {
        var body = spool.Begin();
        body.Write(_octets);
        var scanner = new MimeScanner();
        scanner.Append(_octets);
        var old = Message?.Body;
        Message = new(body, scanner.Finish(), _envelope.GetValueOrDefault("from", "sender@example.org"), _envelope.GetValueOrDefault("to", "recipient@example.org"))
        {
            OriginalTo = _envelope.GetValueOrDefault("orig_to"),
            Authenticated = _envelope.GetValueOrDefault("auth"),
            OwnAddresses = OwnAddresses(),
            DsnNotify = _envelope.GetValueOrDefault("notify"),
            DsnRet = _envelope.GetValueOrDefault("ret"),
            DsnEnvelopeId = _envelope.GetValueOrDefault("envid"),
            DsnOriginalRecipient = _envelope.GetValueOrDefault("orcpt"),
        };
        old?.Dispose();
    }

    public SieveLimits Limits => SieveLimits.Default with
    {
        Actions = Number("sieve_max_actions", 32, zero: int.MaxValue),
        Redirects = Number("sieve_max_redirects", 4),
        Includes = Number("sieve_include_max_includes", 255),
        IncludeDepth = Number("sieve_include_max_nesting_depth", 10),
        Variables = Number("sieve_variables_max_scope_size", Number("sieve_variables_max_scope_count", 255)),
        VariableLength = Size("sieve_variables_max_variable_size", Size("sieve_variables_max_value_size", 64 * 1024)),
        VacationShortest = Time("sieve_vacation_min_period", TimeSpan.FromDays(1)),
        VacationLongest = Time("sieve_vacation_max_period", TimeSpan.FromDays(60)),
        VacationDefault = Time("sieve_vacation_default_period", TimeSpan.FromDays(7)),
        DuplicateDefault = Time("sieve_duplicate_default_period", TimeSpan.FromHours(12)),
        DuplicateLongest = Time("sieve_duplicate_max_period", TimeSpan.FromDays(7)),
        VacationToAnyone = IsOn("sieve_vacation_dont_check_recipient"),
        ProtectedFields = Words("sieve_editheader_protected"),
        NeverAdded = Words("sieve_editheader_forbid_add"),
        NeverDeleted = Words("sieve_editheader_forbid_delete"),
        AddedFieldOctets = Size("sieve_editheader_max_header_size", 8 * 1024),
        Separators = (Settings.GetValueOrDefault("recipient_delimiter") ?? Settings.GetValueOrDefault("sieve_subaddress_sep")) is { Length: > 0 } characters ? characters : "+",
    };

    private string[] OwnAddresses()
    {
        var own = new List<string>();
        if (IsOn("sieve_vacation_use_original_recipient") && _envelope.TryGetValue("orig_to", out var original)) own.Add(original);
        if (Settings.TryGetValue("sieve_user_email", out var user) && user.Length > 0) own.Add(Bare(user));
        return [.. own];
    }

    private bool IsOn(string name) => Settings.GetValueOrDefault(name) is "yes" or "true" or "y" or "1";

    /// <summary>INBOX is INBOX in any case.</summary>
    public static string Canonical(string mailbox) => mailbox.Equals("INBOX", StringComparison.OrdinalIgnoreCase) ? "INBOX" : mailbox;

    public SieveOptions Options(string name) => new()
    {
        Name = name,
        ScriptOctets = Size("sieve_max_script_size", 1024 * 1024),
        Extensions = Extensions(),
        GrammarFirst = true,
        Variables = Limits.Variables,
        Errors = 100,
    };

    // "+name" and "-name" change the list, plain names replace it.
    private List<string>? Extensions()
    {
        if (!Settings.TryGetValue("sieve_extensions", out var text)) return null;
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0) return null;
        var list = words.All(w => w[0] is '+' or '-') ? SieveCompiler.Extensions.ToList() : [];
        foreach (var word in words)
        {
            if (word[0] == '-') list.Remove(word[1..]);
            else list.Add(word.TrimStart('+'));
        }
        return list;
    }

    private string[] Words(string name) => Settings.GetValueOrDefault(name, "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private int Number(string name, int otherwise, int zero = 0) =>
        Settings.TryGetValue(name, out var text) && int.TryParse(text, out var number) ? number == 0 ? zero : number : otherwise;

    private int Size(string name, int otherwise)
    {
        if (!Settings.TryGetValue(name, out var text) || text.Length == 0) return otherwise;
        var digits = text.TrimEnd('k', 'K', 'M', 'm', 'G', 'g', 'B', 'b');
        var factor = char.ToLowerInvariant(text[digits.Length..].FirstOrDefault()) switch { 'k' => 1024L, 'm' => 1024 * 1024L, 'g' => 1024 * 1024 * 1024L, _ => 1 };
        return long.TryParse(digits, out var number) && number > 0 ? (int)Math.Min(number * factor, 256L * 1024 * 1024) : otherwise;
    }

    private TimeSpan Time(string name, TimeSpan otherwise)
    {
        if (!Settings.TryGetValue(name, out var text) || text.Length == 0) return otherwise;
        var digits = text.TrimEnd("smhdwinsecay".ToCharArray()).Trim();
        if (!long.TryParse(digits, out var number)) return otherwise;
        return (text[digits.Length..].Trim().FirstOrDefault() switch { 'm' => TimeSpan.FromMinutes(1), 'h' => TimeSpan.FromHours(1), 'd' => TimeSpan.FromDays(1), 'w' => TimeSpan.FromDays(7), _ => TimeSpan.FromSeconds(1) }) * number;
    }

    private static string Bare(string address) => address.Trim().TrimStart('<').TrimEnd('>');

    /// <summary>Does what the last run decided. False when a mailbox is missing.</summary>
    public bool Execute(SieveOutcome outcome)
    {
        var good = true;
        foreach (var action in outcome.Actions) good &= Execute(action);
        foreach (var mark in outcome.Duplicates) _seen.Add(mark.Key);
        return good;
    }

    private bool Execute(SieveAction action)
    {
        switch (action)
        {
            case SieveAction.Keep:
                return Store("INBOX", Octets(action), create: true);
            case SieveAction.FileInto into:
                return Store(Place(into.Mailbox, into.SpecialUse, into.MailboxId), Octets(action), into.Create);
            case SieveAction.Redirect redirect:
                Outgoing.Add(new([.. Encoding.UTF8.GetBytes($"X-Sieve-Redirected-From: {Message.EnvelopeTo}\r\n"), .. Octets(redirect)], RedirectFrom(), redirect.Address));
                return true;
            case SieveAction.Vacation vacation:
                if (vacation.Unsent is not null) return true;
                if (vacation.Every > TimeSpan.Zero && !_answered.Add(vacation.Handle + vacation.To)) return true;
                return Send(new(SieveMail.Compose(vacation, Message.Clock.GetUtcNow()), IsOn("sieve_vacation_send_from_recipient") ? Message.EnvelopeTo : "", vacation.To),
                    vacation.Fcc);
            case SieveAction.Notify notify:
                return notify.Unsent is not null || Send(new(SieveMail.Compose(notify, Message.Clock.GetUtcNow()), NotifyFrom(), notify.To.Concat(notify.Cc).First()), notify.Fcc);
            case SieveAction.Reject reject:
                return Send(new(SieveMail.Compose(reject, Message, Message.Clock.GetUtcNow()), "", Message.EnvelopeFrom), null);
            default:
                return true;
        }
    }

    private string RedirectFrom() => Settings.GetValueOrDefault("sieve_redirect_envelope_from", "sender") switch
    {
        _ when Message.EnvelopeFrom.Length == 0 => "",
        "recipient" => Message.EnvelopeTo,
        "orig_recipient" => Message.OriginalTo ?? Message.EnvelopeTo,
        "user_email" => Bare(Settings.GetValueOrDefault("sieve_user_email", Message.EnvelopeTo)),
        ['<', .., '>'] address => Bare(address),
        _ => Message.EnvelopeFrom,
    };

    // RFC 5436 §2.3: nobody is told of what goes wrong with a notification of mail from nobody.
    private string NotifyFrom() => Message.EnvelopeFrom.Length == 0 ? "" : Settings.GetValueOrDefault("sieve_notify_mailto_envelope_from", "") switch
    {
        "sender" => Message.EnvelopeFrom,
        ['<', .., '>'] address => Bare(address),
        _ => Message.EnvelopeTo,
    };

    private bool Send(Sent mail, SieveFcc? fcc)
    {
        // The queue writes it at delivery.
        mail = mail with { Octets = [.. Encoding.ASCII.GetBytes($"Message-ID: <{Outgoing.Count + 1}@localhost>\r\n"), .. mail.Octets] };
        Outgoing.Add(mail);
        return fcc is null || Store(Place(fcc.Mailbox, fcc.SpecialUse, fcc.MailboxId), mail.Octets, fcc.Create);
    }

    // A mailbox's id is its name behind "id-"; its special use stands in the annotation IMAP has for it.
    private string Place(string mailbox, string? specialUse, string? id)
    {
        if (id is not null && id.StartsWith("id-", StringComparison.Ordinal) && Mailboxes.ContainsKey(id[3..])) return id[3..];
        return specialUse is null ? mailbox : Mailboxes.Keys.FirstOrDefault(m => HasUse(m, specialUse)) ?? mailbox;
    }

    private bool HasUse(string mailbox, string attribute) => Annotations.GetValueOrDefault((mailbox, "/private/specialuse"), "")
        .Split(' ').Contains(attribute, StringComparer.OrdinalIgnoreCase);

    /// <summary>A mailbox that is not there and not to be made: into the inbox, and false.</summary>
    private bool Store(string mailbox, byte[] octets, bool create)
    {
        var name = Canonical(mailbox);
        var good = create || Mailboxes.ContainsKey(name);
        if (!good) name = "INBOX";
        if (!Mailboxes.TryGetValue(name, out var list)) Mailboxes[name] = list = [];
        list.Add(octets);
        return good;
    }

    private byte[] Octets(SieveAction action) => action.Edit is { } edit
        ? [.. edit.Header, .. edit.Body ?? _octets[(int)Message.Root.BodyOffset..]]
        : _octets;

    public ValueTask<bool> MailboxExistsAsync(string mailbox, CancellationToken cancel) => new(Mailboxes.ContainsKey(Canonical(mailbox)));

    public ValueTask<bool> MailboxIdExistsAsync(string id, CancellationToken cancel) =>
        new(id.StartsWith("id-", StringComparison.Ordinal) && Mailboxes.ContainsKey(id[3..]));

    public ValueTask<bool> HasSpecialUseAsync(string? mailbox, string attribute, CancellationToken cancel) =>
        new(mailbox is null ? Mailboxes.Keys.Any(m => HasUse(m, attribute)) : HasUse(Canonical(mailbox), attribute));

    public ValueTask<string?> MetadataAsync(string? mailbox, string annotation, CancellationToken cancel) =>
        new(Annotations.GetValueOrDefault((mailbox, annotation.ToLowerInvariant())));

    public ValueTask<SieveCompilation?> ScriptAsync(string name, bool global, CancellationToken cancel)
    {
        if (name.Contains('/', StringComparison.Ordinal) || name.StartsWith('.')) return new((SieveCompilation?)null);
        string[] places = global ? ["included-global", "global"] : ["included", "personal", ""];
        var path = places.Select(p => Path.Combine(Folder, p, name + ".sieve")).FirstOrDefault(File.Exists);
        if (path is null) return new((SieveCompilation?)null);
        if (!_included.TryGetValue(path, out var compiled)) _included[path] = compiled = SieveCompiler.Compile(File.ReadAllText(path), Options(name));
        return new(compiled);
    }

    private readonly Dictionary<string, SieveCompilation> _included = new(StringComparer.Ordinal);

    public ValueTask<bool> WasSeenAsync(string key, CancellationToken cancel) => new(_seen.Contains(key));

    public ValueTask<IReadOnlyList<string>?> ListMembersAsync(string list, CancellationToken cancel) =>
        new(Settings.ContainsKey(ListSetting + list) ? Words(ListSetting + list) : null);

    public ValueTask<bool?> IsInListAsync(string list, string value, CancellationToken cancel) =>
        new(Settings.ContainsKey(ListSetting + list) ? Words(ListSetting + list).Contains(value, StringComparer.OrdinalIgnoreCase) : null);

    public ValueTask<string?> EnvironmentAsync(string item, CancellationToken cancel) => new(item switch
    {
        "domain" => MailAddress.DomainOf(Message.EnvelopeTo),
        "host" => "localhost",
        "location" => "MS",
        "phase" => "post",
        "vnd.dovecot.username" => Message.EnvelopeTo,
        _ when item.StartsWith("vnd.dovecot.config.", StringComparison.Ordinal) => Settings.GetValueOrDefault("sieve_env_" + item[19..]),
        _ => null,
    });

    public ValueTask<double?> SpamPercentAsync(CancellationToken cancel) =>
        new(Score("sieve_spamtest_") is { } score ? score * 100 : null);

    // RFC 5235 §2.3: five steps.
    public ValueTask<int> VirusVerdictAsync(CancellationToken cancel) => new(Score("sieve_virustest_") is { } score ? 1 + (int)(score * 4) : 0);

    /// <summary>0 to 1 out of a field of the message, as the settings say; null: not tested.</summary>
    private double? Score(string prefix)
    {
        if (InField(prefix + "status_header") is not { } value) return null;
        return Ratio(value.Trim(), Settings.GetValueOrDefault(prefix + "status_type", "score"), prefix);
    }

    // "Name" or "Name: expression", whose first group is meant.
    private string? InField(string setting)
    {
        if (!Settings.TryGetValue(setting, out var header)) return null;
        var parts = header.Split(':', 2);
        if (new MessageView(Message, SieveLimits.Default).Named(parts[0].Trim()) is not [var field, ..]) return null;
        if (parts.Length < 2) return field.Decoded;
        if (RegexSyntax.Compile(parts[1].Trim(), false, TimeSpan.FromSeconds(1), out _)?.Match(field.Decoded) is not { Success: true } match) return null;
        return match.Groups.Count > 1 ? match.Groups[1].Value : match.Value;
    }

    private double? Ratio(string value, string type, string prefix)
    {
        var invariant = System.Globalization.CultureInfo.InvariantCulture;
        if (type == "text")
        {
            var best = Settings.Where(s => s.Key.StartsWith(prefix + "text_value", StringComparison.Ordinal) && s.Value.Length > 0 && value.StartsWith(s.Value, StringComparison.Ordinal))
                .Select(s => int.TryParse(s.Key[(prefix.Length + 10)..], out var n) ? n : 0).DefaultIfEmpty(0).Max();
            if (best == 0) return null;
            return prefix.Contains("virus", StringComparison.Ordinal) ? (best - 1) / 4.0 : (best - 1) / 9.0;
        }
        if (!double.TryParse(InField(prefix + "max_header") ?? Settings.GetValueOrDefault(prefix + "max_value", ""), invariant, out var most) || most <= 0) return null;
        if (type == "strlen") return Math.Clamp(value.Length / most, 0, 1);
        return double.TryParse(value.Split(' ')[0], invariant, out var number) ? Math.Clamp(number / most, 0, 1) : null;
    }
}
