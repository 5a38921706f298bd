using System.Text;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>
/// The scripts of one account while they are changed. What is done here is seen here at once; all of it is written as one change, with one
/// new state, when the edit is over.
/// </summary>
public sealed class SieveScriptEdit
{
    private readonly List<KeptScript> _all;
    private readonly SieveScriptLimits _limits;
    private readonly long _now;
    private int _made;

    internal SieveScriptEdit(KeptScripts before, SieveScriptLimits limits, long now) =>
        (Before, _all, _limits, _now) = (before, [.. before.All], limits, now);

    /// <summary>As they were when the edit began.</summary>
    public KeptScripts Before { get; }

    public KeptScript? Active => _all.Find(s => s.IsActive);

    public KeptScript? Find(string name) => _all.Find(s => s.Name == name);

    public KeptScript? FindId(string id) => _all.Find(s => s.Id == id);

    /// <summary>RFC 5804 §2.5: could a script of this name and size be put?</summary>
    public SieveScriptRefusal HasSpace(string name, long size)
    {
        if (size > _limits.Size) return SieveScriptRefusal.MaxSize;
        var others = _all.FindAll(s => s.Name != name);
        if (others.Count >= _limits.Count) return SieveScriptRefusal.MaxScripts;
        return others.Sum(s => (long)s.Text.Length) + size > _limits.Octets ? SieveScriptRefusal.Quota : SieveScriptRefusal.None;
    }

    /// <summary>Adds a script or replaces the one of that name; an active one stays active.</summary>
    public SieveScriptRefusal Put(string name, byte[] text)
    {
        if (HasSpace(name, text.Length) is var no and not SieveScriptRefusal.None) return no;
        if (Find(name) is { } known) Set(known with { Text = text, ChangedAt = _now });
        else _all.Add(new($"s{Before.Log.Number + 1}-{_made++}", name, text, false, _now));
        return SieveScriptRefusal.None;
    }

    /// <summary>Makes a script the active one; null: none.</summary>
    public SieveScriptRefusal SetActive(string? name)
    {
        if (name is not null && Find(name) is null) return SieveScriptRefusal.NonExistent;
        for (var i = 0; i < _all.Count; i++) _all[i] = _all[i] with { IsActive = _all[i].Name == name };
        return SieveScriptRefusal.None;
    }

    /// <summary>RFC 5804 §2.10: the active script is not deleted.</summary>
    public SieveScriptRefusal Delete(string name)
    {
        if (Find(name) is not { } known) return SieveScriptRefusal.NonExistent;
        if (known.IsActive) return SieveScriptRefusal.Active;
        _all.Remove(known);
        return SieveScriptRefusal.None;
    }

    /// <summary>RFC 5804 §2.11: an active script stays active under its new name.</summary>
    public SieveScriptRefusal Rename(string name, string newName)
    {
        if (Find(name) is not { } known) return SieveScriptRefusal.NonExistent;
        if (Find(newName) is not null) return SieveScriptRefusal.AlreadyExists;
        Set(known with { Name = newName, ChangedAt = _now });
        return SieveScriptRefusal.None;
    }

    /// <summary>What is to be written; null when all is as it was.</summary>
    internal ScriptsWritten? Finish(AccountId account)
    {
        var old = Before.All.ToDictionary(s => s.Id, StringComparer.Ordinal);
        var changes = _all.Where(s => !old.ContainsKey(s.Id)).Select(s => (s.Id, RecordChangeKind.Created))
            .Concat(_all.Where(s => old.TryGetValue(s.Id, out var was) && !s.IsSameAs(was)).Select(s => (s.Id, RecordChangeKind.Updated)))
            .Concat(old.Keys.Except(_all.Select(s => s.Id)).Select(id => (id, RecordChangeKind.Destroyed))).ToList();
        if (changes.Count == 0) return null;
        var (log, names) = (Before.Log.With(changes), Before.All.ToDictionary(s => s.Name, StringComparer.Ordinal));
        var set = _all.Where(s => !names.TryGetValue(s.Name, out var was) || !s.IsTextOf(was) || s.ChangedAt != was.ChangedAt)
            .Select(s => new Document(new(account, SieveScripts.ScriptKind, s.Name), s.Text, s.ChangedAt)).ToList();
        var gone = names.Keys.Except(_all.Select(s => s.Name))
            .Select(name => new DocumentKey(account, SieveScripts.ScriptKind, name)).ToList();
        set.Add(new(new(account, SieveScripts.IdsKind, ""), ScriptIds.Write(_all), _now));
        set.Add(new(new(account, SieveScripts.LogKind, ""), log.Write(), _now));
        var mark = new DocumentKey(account, SieveScripts.ActiveKind, SieveScripts.ActiveName);
        if (Active is { } active) set.Add(new(mark, Encoding.UTF8.GetBytes(active.Name), _now));
        else gone.Add(mark);
        return new(set, gone, log);
    }

    private void Set(KeptScript script) => _all[_all.FindIndex(s => s.Id == script.Id)] = script;
}

/// <summary>An edit as documents, and the log that it made.</summary>
internal sealed record ScriptsWritten(IReadOnlyList<Document> Set, IReadOnlyList<DocumentKey> Gone, RecordLog Log);
