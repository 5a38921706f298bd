// Accounts owns who gets mail and who may log in: domains, addresses, credentials, grants. What the settings file says belongs
// to the file; what verbs made lives in the store (IAccountRows). Rules that hold here: one table answers every question about an
// address (mailbox, then alias, then pattern, then catch-all); a table never changes, a new one replaces it in one step; a
// contradiction is refused with both places named; an account that vanishes is suspended, never deleted; a password is kept as one
// SCRAM record and derived on one bounded worker.
using System.Collections.Frozen;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Accounts;

public enum ResolutionKind
{
    /// <summary>Mail goes to what <see cref="Resolution.Local"/> and External hold.</summary>
    Found,

    /// <summary>A domain of ours, but nobody there: 550 5.1.1.</summary>
    UnknownUser,

    /// <summary>The account is suspended: 450 4.2.1.</summary>
    Suspended,

    /// <summary>Not a domain of ours.</summary>
    NotLocal,
}

/// <param name="Address">The account's own address.</param>
/// <param name="Detail">What stood after '+', or empty (RFC 5233).</param>
public sealed record LocalTarget(AccountId Account, MailAddress Address, string Detail);

/// <summary>Where mail for an address goes.</summary>
/// <param name="External">Addresses elsewhere, as declared, each once.</param>
/// <param name="Source">Which fact decided and where it stands, for logs: "alias info@example.org (aviso.yaml:31)".</param>
public sealed record Resolution(
    ResolutionKind Kind, IReadOnlyList<LocalTarget> Local, IReadOnlyList<MailAddress> External, string Source)
{
    internal static readonly Resolution NotLocal = new(ResolutionKind.NotLocal, [], [], "no domain of ours");
    internal static readonly Resolution Unknown = new(ResolutionKind.UnknownUser, [], [], "nobody has this address");

    /// <summary>Which step of the precedence decided.</summary>
    public ResolutionStep Step { get; init; }
}

public enum ResolutionStep
{
    None, Mailbox, Alias, Pattern, Postmaster, CatchAll,
}

/// <summary>
/// The one address table (design.md section 2 rule 3). Immutable; made by <see cref="AddressTableBuilder"/>. Aliases are followed
/// to a depth of 10 and at most 1,000 targets; duplicates collapse. A target's own detail wins over one that came with the mail;
/// details do not travel to addresses elsewhere.
/// </summary>
public sealed class AddressTable
{
    public const int MaxDepth = 10;
    public const int MaxTargets = 1000;

    /// <summary>What separates user and detail (RFC 5233).</summary>
    public const char DetailSeparator = '+';

    public static readonly AddressTable Empty = new([], [], [], null, "");

    private readonly FrozenDictionary<string, DomainEntry> _domains;
    private readonly FrozenDictionary<AddressKey, MailboxEntry> _mailboxes;
    private readonly FrozenDictionary<AddressKey, AliasEntry> _aliases;
    private readonly FrozenDictionary<long, MailboxEntry> _accounts;
    private readonly AliasEntry? _postmaster;
    private readonly string _hostName;
    private readonly MailboxEntry? _lastResort;

    internal AddressTable(
        Dictionary<string, DomainEntry> domains, Dictionary<AddressKey, MailboxEntry> mailboxes,
        Dictionary<AddressKey, AliasEntry> aliases, AliasEntry? postmaster, string hostName)
    {
        _hostName = hostName;
        _domains = domains.ToFrozenDictionary();
        _mailboxes = mailboxes.ToFrozenDictionary();
        _aliases = aliases.ToFrozenDictionary();
        _accounts = mailboxes.Values.ToFrozenDictionary(m => m.Account.Value);
        _postmaster = postmaster;
        _lastResort = mailboxes.Values.Where(m => !m.Suspended).MinBy(m => m.Address.ToString(), StringComparer.Ordinal);
    }

    /// <summary>All domains whose mail is received here, alias domains too; lower case, A-labels.</summary>
    public IReadOnlyList<string> Domains => _domains.Keys;

    /// <summary>True for the domains whose mail is received here, in any spelling.</summary>
    public bool IsLocalDomain(string domain) => AddressKey.TryDomain(domain, out var ascii) && _domains.ContainsKey(ascii);

    public bool IsLocalDomain(DomainName domain) => _domains.ContainsKey(domain.Ascii);

    /// <summary>Account whose own address this is, suspended or not; null when none has it. Logins look here.</summary>
    public AccountId? FindAccount(string address) =>
        AddressKey.TryParse(address, out var key) && _mailboxes.TryGetValue(key, out var mailbox) ? mailbox.Account : null;

    public string? AddressOf(AccountId account) =>
        _accounts.TryGetValue(account.Value, out var mailbox) ? mailbox.Address.ToString() : null;

    public bool IsSuspended(AccountId account) => !_accounts.TryGetValue(account.Value, out var mailbox) || mailbox.Suspended;

    /// <summary>Octets; 0 is no limit.</summary>
    public long QuotaOf(AccountId account) => _accounts.TryGetValue(account.Value, out var mailbox) ? mailbox.QuotaOctets : 0;

    /// <summary>Where mail for this address goes. An empty domain is the bare postmaster of RFC 5321 §4.5.1.</summary>
    public Resolution Resolve(MailAddress address)
    {
        if (address.Domain.IsNone) return IsPostmaster(address.LocalPart) ? Postmaster() : Resolution.Unknown;
        return AddressKey.TryMake(address, out var key) ? Resolve(key) : Resolution.NotLocal;
    }

    /// <summary>Where mail for this address goes, of its parts; an empty domain as in <see cref="Resolve(MailAddress)"/>.</summary>
    public Resolution Resolve(string localPart, string domain) => domain.Length == 0 ? Resolve(new MailAddress(localPart, default))
        : AddressKey.TryMake(localPart, domain, out var key) ? Resolve(key) : Resolution.NotLocal;

    /// <summary>Where mail for this address goes.</summary>
    public Resolution Resolve(AddressKey key)
    {
        // Our letters come from MAILER-DAEMON at the host's name; RFC 3464 §2 wants such an address to be read.
        var isOurs = key.Domain == _hostName && (IsPostmaster(key.LocalPart) || key.LocalPart is "mailer-daemon");
        if (!_domains.ContainsKey(key.Domain)) return isOurs ? Postmaster() : Resolution.NotLocal;
        if (!TryFind(key, out var match))
            return isOurs ? Postmaster() : IsPostmaster(key.LocalPart) ? LastResort(Resolution.Unknown) : Resolution.Unknown;
        var resolution = match.Mailbox is { IsPlain: true } plain && match.Detail.Length == 0 ? plain.Resolution : Follow(match);
        return resolution.Kind != ResolutionKind.Found && IsPostmaster(Base(key.LocalPart)) ? LastResort(resolution) : resolution;
    }

    /// <summary>Who keeps mail of this domain of ours that must not leave and belongs to no mailbox: its catch-all, else the
    /// postmaster. Null only without any account.</summary>
    public LocalTarget? KeeperOf(DomainName domain)
    {
        if (_domains.TryGetValue(domain.Ascii, out var entry) && entry.CatchAll is { } all
            && Follow(new(null, all, "", "", ResolutionStep.CatchAll)).Local is [var first, ..]) return first;
        return Postmaster().Local is [var postmaster, ..] ? postmaster : null;
    }

    /// <summary>Follows one alias to its end, for the builder's checks.</summary>
    internal Expansion Expand(AliasEntry alias)
    {
        var expansion = new Expansion(this);
        expansion.Follow(alias, "", "", 0);
        return expansion;
    }

    internal bool HasDomain(string ascii) => _domains.ContainsKey(ascii);

    /// <summary>The precedence, once: mailbox, alias, pattern (with the domain that this one is an alias of), catch-all.</summary>
    internal bool TryFind(AddressKey key, out Match match)
    {
        var domain = _domains[key.Domain];
        if (TryOwn(key, domain, out match)) return true;
        if (domain.AliasOf is { } real)
        {
            key = key with { Domain = real };
            domain = _domains[real];
            if (TryOwn(key, domain, out match)) return true;
        }
        // RFC 5321 §4.5.1: postmaster always resolves, whatever a catch-all would make of it.
        if (_postmaster is not null && IsPostmaster(Base(key.LocalPart))) match = new(null, _postmaster, "", key.LocalPart, ResolutionStep.Postmaster);
        else if (domain.CatchAll is { } all) match = new(null, all, "", key.LocalPart, ResolutionStep.CatchAll);
        else return false;
        return true;
    }

    private bool TryOwn(AddressKey key, DomainEntry domain, out Match match)
    {
        if (TryExact(key, key.LocalPart, "", out match)) return true;
        var plus = key.LocalPart.IndexOf(DetailSeparator, StringComparison.Ordinal);
        if (plus > 0 && TryExact(key with { LocalPart = key.LocalPart[..plus] }, key.LocalPart, key.LocalPart[(plus + 1)..], out match)) return true;
        foreach (var pattern in domain.Patterns)
        {
            if (!pattern.Matches(key.LocalPart)) continue;
            match = new(null, pattern.Alias, "", key.LocalPart, ResolutionStep.Pattern);
            return true;
        }
        return false;
    }

    private bool TryExact(AddressKey key, string local, string detail, out Match match)
    {
        match = default;
        if (_mailboxes.TryGetValue(key, out var mailbox)) match = new(mailbox, null, detail, local, ResolutionStep.Mailbox);
        else if (_aliases.TryGetValue(key, out var alias)) match = new(null, alias, detail, local, ResolutionStep.Alias);
        else return false;
        return true;
    }

    private Resolution Follow(in Match match)
    {
        var expansion = new Expansion(this);
        if (match.Mailbox is { } mailbox)
        {
            if (mailbox.Suspended) return mailbox.Resolution;
            expansion.Add(mailbox, match.Detail, 0);
        }
        else
        {
            expansion.Follow(match.Alias!, match.Local, match.Detail, 0);
        }
        return expansion.Result(match.Mailbox?.Text ?? match.Alias!.Text, match.Step);
    }

    private Resolution Postmaster() => LastResort(_postmaster is null ? Resolution.Unknown
        : Follow(new(null, _postmaster, "", "postmaster", ResolutionStep.Postmaster)));

    private Resolution LastResort(Resolution resolution) => resolution.Kind == ResolutionKind.Found || _lastResort is null
        ? resolution : _lastResort.Resolution with { Source = "postmaster, to the first account", Step = ResolutionStep.Postmaster };

    private static bool IsPostmaster(string local) => local.Equals("postmaster", StringComparison.OrdinalIgnoreCase);

    private static string Base(string local)
    {
        var plus = local.IndexOf(DetailSeparator, StringComparison.Ordinal);
        return plus > 0 ? local[..plus] : local;
    }

    /// <summary>What the precedence chose: a mailbox or an alias.</summary>
    /// <param name="Local">The local part as asked, for targets that keep it.</param>
    internal readonly record struct Match(MailboxEntry? Mailbox, AliasEntry? Alias, string Detail, string Local, ResolutionStep Step);
}
