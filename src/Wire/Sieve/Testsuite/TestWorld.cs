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
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly HashSet<string> _answered = new(StringComparer.Ordinal);

    public Dictionary<string, string> Settings { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, List<byte[]>> Mailboxes { get; } = new(StringComparer.Ordinal) { ["INBOX"] = [] };

    public Dictionary<(string?, string), string> Annotations { get; } = [];

    public List<byte[]> Outgoing { get; } = [];

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
        else if (name.StartsWith("envelope.", StringComparison.Ordinal) && name[9..] is "from" or "to" or "orig_to" or "auth") _envelope[name[9..]] = Bare(value);
        else return false;
        Refresh();
        return true;
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
        ProtectedFields = [.. Words("sieve_editheader_protected"), .. Words("sieve_editheader_forbid_delete"), .. Words("sieve_editheader_forbid_add")],
    };

    public SieveOptions Options(string name) => new()
    {
        Name = name,
        ScriptOctets = Size("sieve_max_script_size", 1024 * 1024),
        Extensions = Extensions(),
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
                return Store(into.Mailbox, Octets(action), into.Create);
            case SieveAction.Redirect redirect:
                Outgoing.Add([.. Encoding.UTF8.GetBytes($"X-Sieve-Redirected-From: {Message.EnvelopeTo}\r\n"), .. Octets(redirect)]);
                return true;
            case SieveAction.Vacation vacation:
                if (vacation.Every == TimeSpan.Zero || _answered.Add(vacation.Handle + vacation.To)) Send(SieveMail.Compose(vacation, Message.Clock.GetUtcNow()), vacation.Fcc);
                return true;
            case SieveAction.Notify notify:
                Send(SieveMail.Compose(notify, Message.Clock.GetUtcNow()), notify.Fcc);
                return true;
            case SieveAction.Reject reject:
                Outgoing.Add(SieveMail.Compose(reject, Message, Message.Clock.GetUtcNow()));
                return true;
            default:
                return true;
        }
    }

    private void Send(byte[] mail, SieveFcc? fcc)
    {
        Outgoing.Add(mail);
        if (fcc is not null) Store(fcc.Mailbox, mail, create: true);
    }

    private bool Store(string mailbox, byte[] octets, bool create)
    {
        if (!Mailboxes.TryGetValue(mailbox, out var list))
        {
            if (!create && Settings.GetValueOrDefault("mailbox_autocreate") == "no") return false;
            Mailboxes[mailbox] = list = [];
        }
        list.Add(octets);
        return true;
    }

    private byte[] Octets(SieveAction action) => action.Edit is { } edit
        ? [.. edit.Header, .. edit.Body ?? _octets[(int)Message.Root.BodyOffset..]]
        : _octets;

    public ValueTask<bool> MailboxExistsAsync(string mailbox, CancellationToken cancel) => new(Mailboxes.ContainsKey(mailbox));

    public ValueTask<bool> MailboxIdExistsAsync(string id, CancellationToken cancel) => new(false);

    public ValueTask<bool> HasSpecialUseAsync(string? mailbox, string attribute, CancellationToken cancel) => new(false);

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

    public ValueTask<IReadOnlyList<string>?> ListMembersAsync(string list, CancellationToken cancel) => new((IReadOnlyList<string>?)null);

    public ValueTask<bool?> IsInListAsync(string list, string value, CancellationToken cancel) => new((bool?)null);

    public ValueTask<string?> EnvironmentAsync(string item, CancellationToken cancel) => new(item switch
    {
        "domain" => Message.EnvelopeTo[(Message.EnvelopeTo.LastIndexOf('@') + 1)..],
        "host" => "localhost",
        "location" => "MS",
        "phase" => "post",
        _ => null,
    });

    public ValueTask<double?> SpamPercentAsync(CancellationToken cancel) =>
        new(Score("sieve_spamtest_") is { } score ? score * 100 : null);

    // RFC 5235 §2.3: five steps.
    public ValueTask<int> VirusVerdictAsync(CancellationToken cancel) => new(Score("sieve_virustest_") is { } score ? 1 + (int)(score * 4) : 0);

    /// <summary>0 to 1 out of a field of the message, as the settings say; null: not tested.</summary>
    private double? Score(string prefix)
    {
        if (!Settings.TryGetValue(prefix + "status_header", out var header)) return null;
        var parts = header.Split(':', 2);
        var view = new MessageView(Message, SieveLimits.Default);
        if (view.Named(parts[0].Trim()) is not [var field, ..]) return null;
        var value = field.Decoded;
        if (parts.Length == 2)
        {
            if (RegexSyntax.Compile(parts[1].Trim(), false, TimeSpan.FromSeconds(1), out _)?.Match(value) is not { Success: true } match) return null;
            value = match.Groups.Count > 1 ? match.Groups[1].Value : match.Value;
        }
        return Ratio(value.Trim(), Settings.GetValueOrDefault(prefix + "status_type", "score"), prefix);
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
        if (!double.TryParse(Settings.GetValueOrDefault(prefix + "max_value", ""), invariant, out var most) || most <= 0) return null;
        if (type == "strlen") return Math.Clamp(value.Length / most, 0, 1);
        return double.TryParse(value.Split(' ')[0], invariant, out var number) ? Math.Clamp(number / most, 0, 1) : null;
    }
}
