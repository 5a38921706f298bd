using Aviso.Base;
using Aviso.Store;

namespace Aviso.Spam;

/// <summary>
/// Who is always let through and who never is: lists of the server (settings and verbs) and of single accounts (verbs). Those of verbs
/// are documents of the store; all are held in memory. Thread-safe.
/// </summary>
public sealed class SenderLists(IDocumentRows rows, TimeProvider clock)
{
    /// <summary>Entries of one list of one owner that verbs may add.</summary>
    public const int Most = 10_000;

    private const string Kind = "spam-sender";
    private readonly SemaphoreSlim _one = new(1);
    private Dictionary<(long Owner, bool Allows), List<SenderEntry>> _added = [];
    private IReadOnlyList<SenderEntry> _allow = [];
    private IReadOnlyList<SenderEntry> _block = [];
    private volatile Dictionary<(long Owner, bool Allows), SenderIndex> _index = [];

    /// <summary>Reads what verbs have added.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        var added = new Dictionary<(long, bool), List<SenderEntry>>();
        foreach (var document in await rows.ListDocumentsAsync(Kind, cancel))
        {
            var allows = document.Key.Name.StartsWith("allow ", StringComparison.Ordinal);
            if (SenderEntry.Parse(document.Key.Name[(document.Key.Name.IndexOf(' ', StringComparison.Ordinal) + 1)..], document.Value is [1, ..], out _) is not { } entry) continue;
            var key = (document.Key.Owner.Value, allows);
            if (!added.TryGetValue(key, out var list)) added[key] = list = [];
            list.Add(entry);
        }
        _added = added;
        Index();
    }

    /// <summary>What the settings file says.</summary>
    public void Declare(IReadOnlyList<SenderEntry> allow, IReadOnlyList<SenderEntry> block)
    {
        (_allow, _block) = (allow, block);
        Index();
    }

    /// <param name="owner">default: the server's.</param>
    public IEnumerable<(SenderEntry Entry, bool IsDeclared)> List(AccountId owner, bool allows)
    {
        var declared = owner == default ? allows ? _allow : _block : [];
        var added = _added.GetValueOrDefault((owner.Value, allows)) ?? [];
        return declared.Select(e => (e, true)).Concat(added.OrderBy(e => e.Text, StringComparer.Ordinal).Select(e => (e, false)));
    }

    /// <summary>False when the list is full. An entry that is there takes the new requirement.</summary>
    public async Task<bool> AddAsync(AccountId owner, bool allows, SenderEntry entry, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var before = _added.GetValueOrDefault((owner.Value, allows)) ?? [];
            if (before.Count >= Most) return false;
            var document = new Document(KeyOf(owner, allows, entry), [(byte)(entry.NeedsProof ? 1 : 0)], clock.GetUtcNow().ToUnixTimeSeconds());
            await rows.ChangeDocumentsAsync([document], [], cancel);
            Put((owner.Value, allows), [.. before.Where(e => e.Text != entry.Text), entry]);
            return true;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>False when no verb has added it.</summary>
    public async Task<bool> RemoveAsync(AccountId owner, bool allows, SenderEntry entry, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var before = _added.GetValueOrDefault((owner.Value, allows)) ?? [];
            if (!before.Exists(e => e.Text == entry.Text)) return false;
            await rows.ChangeDocumentsAsync([], [KeyOf(owner, allows, entry)], cancel);
            Put((owner.Value, allows), [.. before.Where(e => e.Text != entry.Text)]);
            return true;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Null when the owner has no such list.</summary>
    internal SenderIndex? Of(AccountId owner, bool allows) => _index.GetValueOrDefault((owner.Value, allows));

    internal bool IsEmpty => _index.Count == 0;

    private void Put((long, bool) key, List<SenderEntry> entries)
    {
        _added = new(_added) { [key] = entries };
        Index();
    }

    private void Index()
    {
        var index = _added.ToDictionary(a => a.Key, a => new SenderIndex(a.Value));
        foreach (var (allows, declared) in new[] { (true, _allow), (false, _block) })
            if (declared.Count > 0) index[(0, allows)] = new(declared.Concat(_added.GetValueOrDefault((0, allows)) ?? []));
        _index = index.Where(i => !i.Value.IsEmpty).ToDictionary();
    }

    private static DocumentKey KeyOf(AccountId owner, bool allows, SenderEntry entry) => new(owner, Kind, $"{(allows ? "allow" : "block")} {entry.Text}");
}

/// <summary>
/// ALLOWED_HERE and BLOCKED_HERE for everybody, ALLOWED_BY_YOU and BLOCKED_BY_YOU for one account. An entry of an allow list counts for the address in
/// From, and by default only when it is proven, so that nobody gets in under another's name; a block list counts for the envelope sender too.
/// </summary>
public sealed class SenderListCheck(SenderLists lists) : ISpamCheck
{
    /// <summary>The symbols of allow lists, for everybody and for one account.</summary>
    public const string AllowedHere = "ALLOWED_HERE", AllowedByYou = "ALLOWED_BY_YOU";

    // Beyond whatever other checks may say; what an account says wins over what holds for all.
    private const double Here = 50;
    private const double ByYou = 100;

    public string Name => "senders";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        if (lists.IsEmpty || context.Input.IsSubmission) return default;
        var sender = Sender.Of(context);
        if (Find(lists.Of(default, allows: false), sender, isBlock: true) is { } block) context.Add("BLOCKED_HERE", Here, $"{block.Text} is on the block list");
        if (Find(lists.Of(default, allows: true), sender, isBlock: false) is { } allow)
        {
            if (IsProven(allow, sender)) context.Add(AllowedHere, -Here, $"{allow.Text} is on the allow list");
            else context.Add("ALLOWED_UNPROVEN", 0, $"{allow.Text} is on the allow list, but nothing proves that it is them");
        }
        foreach (var account in context.Input.Accounts) ForOne(context, account, sender);
        return default;
    }

    private void ForOne(SpamContext context, AccountId account, in Sender sender)
    {
        if (Find(lists.Of(account, allows: false), sender, isBlock: true) is { } block) context.AddFor(account, "BLOCKED_BY_YOU", ByYou, $"{block.Text} is on your block list");
        if (Find(lists.Of(account, allows: true), sender, isBlock: false) is not { } allow) return;
        if (!IsProven(allow, sender))
        {
            context.AddFor(account, "ALLOWED_UNPROVEN", 0, $"{allow.Text} is on your allow list, but nothing proves that it is them");
            return;
        }
        context.AddFor(account, AllowedByYou, -ByYou, $"{allow.Text} is on your allow list");
        context.Mark(TrustCheck.Mark);
    }

    private static SenderEntry? Find(SenderIndex? index, in Sender sender, bool isBlock)
    {
        if (index is null) return null;
        return index.Find(sender.From) ?? (isBlock ? index.Find(sender.Envelope) : null) ?? (sender.Client is { } client ? index.Find(client) : null);
    }

    private static bool IsProven(SenderEntry entry, in Sender sender) => !entry.NeedsProof || sender.IsProven;

    private readonly record struct Sender(string From, string Envelope, System.Net.IPAddress? Client, bool IsProven)
    {
        public static Sender Of(SpamContext context)
        {
            var (input, header) = (context.Input, context.Content.Header);
            var from = header.From.Count > 0 && header.From[0].TryMailAddress(out var author) ? author : default;
            // Of several authors or fields only the first would be compared and another one proven.
            var one = header.From.Count == 1 && header.Count("from") == 1;
            var proven = one && Reputation.IsProven(input) && input.Auth!.FromDomain == from.Domain.Ascii;
            return new(Normal(from), Normal(input.Sender), input.Client is { } client ? Net.Networks.Normal(client) : null, proven);
        }

        private static string Normal(MailAddress address) =>
            SenderEntry.IsFull(address.Domain) ? $"{address.LocalPart.ToLowerInvariant()}@{address.Domain.Ascii}" : "";
    }
}
