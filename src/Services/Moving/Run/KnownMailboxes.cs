using Aviso.Store;

namespace Aviso.Moving;

/// <summary>
/// Which mailbox of here is a mailbox of the source: the one that it was taken into, whatever somebody called it since; else the one of its
/// name. What somebody deleted here is not made again.
/// </summary>
internal sealed class KnownMailboxes
{
    // As the store has them: characters of a name, and levels.
    private const int LongestName = 1000, Deepest = 32;

    public static readonly KnownMailboxes None = new([], new Dictionary<string, long>(), [], []);

    private readonly Dictionary<string, MailboxInfo> _byName;
    private readonly Dictionary<long, MailboxInfo> _byId;
    private readonly IReadOnlyDictionary<string, long> _taken;
    private readonly HashSet<long> _noted;
    private readonly HashSet<string> _there;

    private KnownMailboxes(
        IReadOnlyList<MailboxInfo> here, IReadOnlyDictionary<string, long> taken, IEnumerable<MailboxId> noted, IEnumerable<string> there)
    {
        _byName = here.ToDictionary(box => box.Name, StringComparer.Ordinal);
        _byId = here.ToDictionary(box => box.Id.Value);
        _taken = taken;
        _noted = [.. noted.Select(id => id.Value)];
        _there = there.ToHashSet(StringComparer.Ordinal);
    }

    /// <param name="taken">What is noted of messages, of every source.</param>
    public static async Task<KnownMailboxes> LoadAsync(
        MoveTarget target, AccountId account, MailSource source, string label, IEnumerable<TakenMailbox> taken, CancellationToken cancel) =>
        new(await target.Store.ListMailboxesAsync(account, cancel),
            (await MovedSource.LoadAsync(target.Store, account, label, cancel))?.Mailboxes ?? new Dictionary<string, long>(),
            taken.Where(one => one.Label == label).Select(one => one.Mailbox), source.Mailboxes.Select(mailbox => mailbox.Name));

    /// <summary>Null: it is not here, or may not be the source's.</summary>
    public MailboxInfo? Find(string name)
    {
        if (_taken.TryGetValue(name, out var id) && _byId.TryGetValue(id, out var taken)) return taken;
        return WhyNot(name) is null ? _byName.GetValueOrDefault(name) : null;
    }

    /// <summary>Why nothing of it comes; null: it may.</summary>
    public MoveNote? WhyNot(string name)
    {
        if (_taken.TryGetValue(name, out var id))
        {
            return _byId.ContainsKey(id) || !_noted.Contains(id) ? null : new(NoteKind.Changed, name,
                "was deleted here, so nothing of it comes, new mail neither; --label with another name brings all of it once more");
        }
        if (!_byName.TryGetValue(name, out var box))
            return name.Length <= LongestName && name.AsSpan().Count('/') < Deepest ? null : new(NoteKind.Damaged, name,
                $"no mailbox can have this name here: at most {LongestName} characters and {Deepest} levels");
        var other = _taken.FirstOrDefault(pair => pair.Value == box.Id.Value && _there.Contains(pair.Key)).Key;
        return other is null ? null : new(NoteKind.Damaged, name,
            $"the mailbox of this name here is the one that {other} came into: rename it, for mail of both would not be kept apart");
    }
}
