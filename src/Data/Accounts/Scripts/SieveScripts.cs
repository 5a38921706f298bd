using System.Collections.Concurrent;
using System.Text;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>What an account may keep.</summary>
public sealed record SieveScriptLimits
{
    /// <summary>Octets of one script.</summary>
    public int Size { get; init; } = 1024 * 1024;

    /// <summary>Scripts of one account.</summary>
    public int Count { get; init; } = 100;

    /// <summary>Octets of all scripts of one account.</summary>
    public long Octets { get; init; } = 4 * 1024 * 1024;
}

/// <summary>A script in a list.</summary>
/// <param name="ChangedAt">Unix seconds UTC.</param>
public sealed record SieveScriptInfo(string Name, bool IsActive, int Size, long ChangedAt);

/// <summary>The script that runs for an account.</summary>
public sealed record ActiveScript(string Name, ReadOnlyMemory<byte> Text);

/// <summary>Why a change of scripts was refused; the words of RFC 5804 §1.3.</summary>
public enum SieveScriptRefusal
{
    None, NonExistent, AlreadyExists, Active, MaxSize, MaxScripts, Quota,
}

/// <summary>
/// The Sieve scripts of every account, which of them is active, and the rules for their names (RFC 5804 §1.6). They live in the store's
/// documents; they are here and not in the store because what a script may be called and how many there may be are an account's
/// matter, and both ManageSieve and Delivery ask. Whether a script compiles is asked before it comes here. One instance in a process:
/// it remembers what is active.
/// </summary>
public sealed class SieveScripts(IDocumentRows rows, TimeProvider clock, SieveScriptLimits? limits = null) : IDisposable
{
    /// <summary>Documents of this kind are scripts by name.</summary>
    public const string ScriptKind = "sieve";

    /// <summary>One document an account: its value is the active script's name in UTF-8.</summary>
    public const string ActiveKind = "sieve-active";

    internal const string ActiveName = "active";

    /// <summary>One document an account each: the ids of scripts, and what has changed last.</summary>
    internal const string IdsKind = "sieve-ids", LogKind = "sieve-log";

    /// <summary>RFC 5804 §1.6: 128 characters, 512 octets.</summary>
    private const int NameLimit = 128;

    /// <summary>Octets of a name.</summary>
    public const int NameOctets = NameLimit * 4;

    private const int Remembered = 10_000;

    // Changes read before they write: one at a time, in the whole process, for they are rare.
    private readonly SemaphoreSlim _one = new(1);
    private readonly ConcurrentDictionary<AccountId, ActiveScript?> _active = new();
    private long _changes;

    public SieveScriptLimits Limits { get; } = limits ?? new();

    /// <summary>Scripts of an account have changed, by whatever way, and this is their new state.</summary>
    public event Action<AccountId, string>? Changed;

    /// <summary>RFC 5804 §1.6: the name in NFC, or null when it cannot be a script's name.</summary>
    public static string? Canonical(string name)
    {
        if (name.Length is 0 or > NameOctets) return null;
        foreach (var c in name)
        {
            if (char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFFFD' || (char.IsSurrogate(c) && !IsPaired(name))) return null;
        }
        var nfc = Nfc.Normalize(name);
        return nfc.EnumerateRunes().Count() <= NameLimit && Encoding.UTF8.GetByteCount(nfc) <= NameOctets ? nfc : null;
    }

    private static bool IsPaired(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[++i])) return false;
        }
        return true;
    }

    /// <summary>All scripts of an account, by name.</summary>
    public async Task<IReadOnlyList<SieveScriptInfo>> ListAsync(AccountId account, CancellationToken cancel)
    {
        var active = await ActiveNameAsync(account, cancel);
        return [.. (await rows.ListDocumentsAsync(account, ScriptKind, cancel)).Select(d =>
            new SieveScriptInfo(d.Key.Name, d.Key.Name == active, d.Value.Length, d.ChangedAt))];
    }

    /// <summary>All scripts with their text, and the state they make.</summary>
    public async Task<KeptScripts> ReadAsync(AccountId account, CancellationToken cancel)
    {
        // The log first: who was told a state that is too old asks again.
        var log = await LogAsync(account, cancel);
        var ids = await rows.GetDocumentAsync(account, IdsKind, "", cancel) is { } kept
            ? ScriptIds.Read(kept.Value) : new Dictionary<string, string>();
        var active = await ActiveNameAsync(account, cancel);
        return new(log, [.. (await rows.ListDocumentsAsync(account, ScriptKind, cancel)).Select(d =>
            new KeptScript(ids.GetValueOrDefault(d.Key.Name) ?? KeptScript.IdOf(d.Key.Name), d.Key.Name, d.Value,
                d.Key.Name == active, d.ChangedAt))]);
    }

    /// <summary>What has changed last.</summary>
    public async Task<RecordLog> LogAsync(AccountId account, CancellationToken cancel) =>
        await rows.GetDocumentAsync(account, LogKind, "", cancel) is { } log ? RecordLog.Read(log.Value) : RecordLog.Empty;

    /// <summary>The script's octets as they were put, or null.</summary>
    public async Task<byte[]?> GetAsync(AccountId account, string name, CancellationToken cancel) =>
        (await rows.GetDocumentAsync(account, ScriptKind, name, cancel))?.Value;

    /// <summary>The script that runs for the account, or null. Answered from memory after the first time.</summary>
    public async ValueTask<ActiveScript?> ActiveAsync(AccountId account, CancellationToken cancel)
    {
        if (_active.TryGetValue(account, out var known)) return known;
        var before = Volatile.Read(ref _changes);
        ActiveScript? found = null;
        if (await ActiveNameAsync(account, cancel) is { } name && await GetAsync(account, name, cancel) is { } text)
            found = new(name, text);
        // A change meanwhile may have been missed: what was read is right for this message, but is not kept.
        if (before == Volatile.Read(ref _changes))
        {
            if (_active.Count >= Remembered) _active.Clear();
            _active[account] = found;
            if (before != Volatile.Read(ref _changes)) _active.TryRemove(account, out _);
        }
        return found;
    }

    /// <summary>RFC 5804 §2.5: could a script of this name and size be put?</summary>
    public async Task<SieveScriptRefusal> HasSpaceAsync(AccountId account, string name, long size, CancellationToken cancel) =>
        new SieveScriptEdit(await ReadAsync(account, cancel), Limits, 0).HasSpace(name, size);

    /// <summary>Adds a script or replaces the one of that name; an active one stays active.</summary>
    public Task<SieveScriptRefusal> PutAsync(AccountId account, string name, ReadOnlyMemory<byte> text, CancellationToken cancel) =>
        OneAsync(account, edit => edit.Put(name, text.ToArray()), cancel);

    /// <summary>Makes a script the active one; null: none.</summary>
    public Task<SieveScriptRefusal> SetActiveAsync(AccountId account, string? name, CancellationToken cancel) =>
        OneAsync(account, edit => edit.SetActive(name), cancel);

    /// <summary>RFC 5804 §2.10: the active script is not deleted.</summary>
    public Task<SieveScriptRefusal> DeleteAsync(AccountId account, string name, CancellationToken cancel) =>
        OneAsync(account, edit => edit.Delete(name), cancel);

    /// <summary>RFC 5804 §2.11: an active script stays active under its new name.</summary>
    public Task<SieveScriptRefusal> RenameAsync(AccountId account, string name, string newName, CancellationToken cancel) =>
        OneAsync(account, edit => edit.Rename(name, newName), cancel);

    /// <summary>Lets <paramref name="edit"/> change the scripts, with nobody in between, and writes what became of them.</summary>
    /// <returns>The state after it.</returns>
    public async Task<string> EditAsync(AccountId account, Action<SieveScriptEdit> edit, CancellationToken cancel)
    {
        ScriptsWritten? written;
        SieveScriptEdit begun;
        await _one.WaitAsync(cancel);
        try
        {
            begun = new(await ReadAsync(account, cancel), Limits, clock.GetUtcNow().ToUnixTimeSeconds());
            edit(begun);
            written = begun.Finish(account);
            if (written is not null) await rows.ChangeDocumentsAsync(written.Set, written.Gone, cancel);
        }
        finally
        {
            Interlocked.Increment(ref _changes);
            _active.TryRemove(account, out _);
            _one.Release();
        }
        if (written is null) return begun.Before.Log.State;
        Changed?.Invoke(account, written.Log.State);
        return written.Log.State;
    }

    private async Task<SieveScriptRefusal> OneAsync(
        AccountId account, Func<SieveScriptEdit, SieveScriptRefusal> change, CancellationToken cancel)
    {
        var refusal = SieveScriptRefusal.None;
        await EditAsync(account, edit => refusal = change(edit), cancel);
        return refusal;
    }

    private async Task<string?> ActiveNameAsync(AccountId account, CancellationToken cancel) =>
        await rows.GetDocumentAsync(account, ActiveKind, ActiveName, cancel) is { } mark ? Encoding.UTF8.GetString(mark.Value) : null;

    public void Dispose() => _one.Dispose();
}
