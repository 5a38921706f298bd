using Aviso.Base;
using Aviso.Store;

namespace Aviso.Accounts;

/// <param name="Text">What stands in a log.</param>
/// <param name="Forwards">Where copies go.</param>
internal sealed record MailboxEntry(
    AccountId Account, AddressKey Address, bool Suspended, long QuotaOctets, AliasTarget[] Forwards, string Text)
{
    /// <summary>Nothing to follow: the answer is always the same.</summary>
    public bool IsPlain => Forwards.Length == 0 || Suspended;

    public Resolution Resolution { get; } = new(Suspended ? ResolutionKind.Suspended : ResolutionKind.Found,
        [new LocalTarget(Account, Address.Address, "")], [], Text)
    { Step = ResolutionStep.Mailbox };
}

internal sealed record AliasEntry(AddressKey Address, AliasTarget[] Targets, string Text, Source Source);

/// <param name="Key">Empty local part: the local part that was asked for stays (`@a @b`).</param>
/// <param name="Declared">For addresses elsewhere: the local part as declared, since its case is not ours to change.</param>
internal readonly record struct AliasTarget(AddressKey Key, MailAddress Declared)
{
    public static bool TryParse(string text, out AliasTarget target)
    {
        target = default;
        if (text.StartsWith('@') && AddressKey.TryDomain(text.AsSpan(1), out var domain)) target = new(new("", domain), default);
        else if (text.Length <= AddressKey.MaxLength && MailAddress.TryParse(text, out var address)
            && AddressKey.TryMake(address, out var key))
            target = new(key, address);
        else return false;
        return true;
    }
}

/// <param name="Patterns">Most specific first.</param>
internal sealed record DomainEntry(string Name, string? AliasOf, PatternEntry[] Patterns, AliasEntry? CatchAll, Source Source);

/// <summary>A local part with '*' in it; each stands for any run of characters.</summary>
internal sealed class PatternEntry(AliasEntry alias)
{
    private readonly string[] _pieces = alias.Address.LocalPart.Split('*');

    public AliasEntry Alias => alias;

    /// <summary>Characters that are not '*': the pattern with more of them is asked first.</summary>
    public int Weight { get; } = alias.Address.LocalPart.Count(c => c != '*');

    public bool Matches(string local) => LocalPattern.Matches(_pieces, local);
}

/// <summary>One walk from an address to all its ends. Every alias and mailbox is entered once.</summary>
internal sealed class Expansion(AddressTable table)
{
    private readonly List<LocalTarget> _local = [];
    private readonly List<MailAddress> _external = [];
    private readonly HashSet<object> _seen = [];
    private int _suspended;

    /// <summary>A way led deeper than <see cref="AddressTable.MaxDepth"/>.</summary>
    public bool TooDeep { get; private set; }

    public bool TooMany { get; private set; }

    /// <summary>A way came back to where it had been.</summary>
    public bool Looped { get; private set; }

    /// <summary>Targets of ours that nobody has.</summary>
    public List<AddressKey> Dead { get; } = [];

    public int Count => _local.Count + _external.Count;

    public void Add(MailboxEntry mailbox, string detail, int depth)
    {
        if (!_seen.Add(mailbox) || IsFull()) return;
        _local.Add(new(mailbox.Account, mailbox.Address.Address, detail));
        if (mailbox.Suspended) _suspended++;
        else FollowAll(mailbox.Forwards, "", "", depth);
    }

    public void Follow(AliasEntry alias, string local, string detail, int depth)
    {
        if (_seen.Add(alias)) FollowAll(alias.Targets, local, detail, depth);
        else Looped = true;
    }

    // A suspended member of a list does not stop the list: its copy is filed, so nothing is lost. Alone it defers the mail.
    public Resolution Result(string source, ResolutionStep step)
    {
        var kind = Count == 0 ? ResolutionKind.UnknownUser
            : _external.Count == 0 && _suspended == _local.Count ? ResolutionKind.Suspended : ResolutionKind.Found;
        return new(kind, _local, _external, source) { Step = step };
    }

    private void FollowAll(AliasTarget[] targets, string local, string detail, int depth)
    {
        if (depth == AddressTable.MaxDepth)
        {
            TooDeep = true;
            return;
        }
        foreach (var target in targets) Follow(target, local, detail, depth + 1);
    }

    private void Follow(AliasTarget target, string local, string detail, int depth)
    {
        if (TooMany) return;
        var key = target.Key.LocalPart.Length > 0 ? target.Key : target.Key with { LocalPart = local };
        if (!table.HasDomain(key.Domain))
        {
            if (key.LocalPart.Length > 0 && _seen.Add(key) && !IsFull())
                _external.Add(target.Declared.IsNone ? key.Address : target.Declared);
        }
        else if (key.LocalPart.Length > 0)
        {
            if (!table.TryFind(key, out var match)) Dead.Add(key);
            else if (match.Mailbox is { } mailbox) Add(mailbox, match.Detail.Length > 0 ? match.Detail : detail, depth);
            else Follow(match.Alias!, match.Local, match.Detail.Length > 0 ? match.Detail : detail, depth);
        }
    }

    private bool IsFull()
    {
        if (Count < AddressTable.MaxTargets) return false;
        TooMany = true;
        return true;
    }
}
