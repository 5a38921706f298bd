// Secrets owns what `vault:` references stand for: reading them from Vault, keeping the last values while Vault is away, and keeping
// them encrypted in the data folder over a restart. Rules: values go to settings and to the cache file and nowhere else (no log, no verb,
// no metric has one); a secret that cannot be read now is an event and never stops a server that knows its last value; Vault is never
// waited for while a lock of another part is held.
using System.Security.Cryptography;
using Aviso.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Secrets;

/// <summary>Where the value of a reference came from, never the value.</summary>
/// <param name="From">"vault", "kept" (from before this start), or "nowhere".</param>
/// <param name="Problem">Why it could not be read now; empty when it could.</param>
public sealed record SecretRow(VaultReference Reference, string From, long? Version, DateTimeOffset? ReadAt, string Problem);

/// <summary>
/// Resolves <c>vault:</c> references from the last round of reading. One round asks for every path once, four at a time. What was read
/// comes into use when <see cref="Accept"/> says that the settings made of it hold; until then the values before stay the ones to fall
/// back to.
/// </summary>
internal sealed class SecretSource(TimeProvider clock) : IReferenceResolver, IDisposable
{
    private const int AtOnce = 4;

    // Ages are kept too; a file a minute for them alone would be too much.
    private static readonly TimeSpan KeepAgesEvery = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _one = new(1);
    private readonly HashSet<string> _said = [];
    private VaultWishes _wishes = VaultWishes.None;
    private VaultClient? _client;
    private SecretCache? _cache;
    private bool _cacheRead;
    private string? _cacheProblem;
    private DateTimeOffset _keptAt;
    private volatile Dictionary<string, HeldSecret> _latest = [];
    private volatile Dictionary<string, HeldSecret> _inUse = [];
    private volatile Dictionary<string, VaultProblem> _problems = [];

    public string Scheme => VaultReference.Scheme;

    public ILogger Log { get; set; } = NullLogger.Instance;

    /// <summary>There are references to look after.</summary>
    public bool HasWishes => _wishes.References.Count > 0;

    /// <summary>How often a round has read other values than the one before.</summary>
    public long Changes { get; private set; }

    /// <summary>When the next look is due.</summary>
    public TimeSpan NextLook
    {
        get
        {
            var every = _wishes.Vault?.Every ?? TimeSpan.FromMinutes(1);
            var renew = _client?.RenewAt - clock.GetUtcNow();
            return renew > TimeSpan.FromSeconds(1) && renew < every ? renew.Value : every;
        }
    }

    public void Dispose()
    {
        _client?.Dispose();
        _one.Dispose();
    }

    public Reference Resolve(string body, string folder)
    {
        if (VaultReference.TryParse(body, out var problem) is not { } reference) return new(null, problem);
        if (_latest.TryGetValue(reference.Path, out var held) && held.Fields.TryGetValue(reference.Field, out var field))
            return new(field.Text, null) { IsMap = field.IsMap };
        if (_wishes.Vault is null) return new(
            null, "needs the section `vault`, whole and right: vault: { address: \"https://...\", kubernetes_role: aviso }");
        if (!_problems.TryGetValue(reference.Path, out var why)) return new(
            null, "the settings changed while Vault was asked; read them again");
        return new(null, $"{why.Text}{(why.PassesByItself && _cacheProblem is { } kept ? $"; {kept}" : "")}");
    }

    /// <summary>Reads everything the settings want. True when a value differs from those in use.</summary>
    public async Task<bool> ReadAsync(VaultWishes wishes, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            _wishes = wishes;
            var paths = wishes.References.GroupBy(r => r.Path)
                .ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(r => r.Field)]);
            if (wishes.Vault is not { } vault || paths.Count == 0)
            {
                (_latest, _problems) = ([], []);
                return false;
            }
            ReadCache(vault, wishes.Data);
            var answers = await AskAsync(vault, paths, cancel);
            var changed = Take(paths, answers);
            Say();
            return changed;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The settings made of what was read last hold now: these values are in use, and are kept for a restart.</summary>
    public void Accept()
    {
        var (latest, before) = (_latest, _inUse);
        foreach (var (path, held) in latest)
            if (before.TryGetValue(path, out var old) && !old.SameValues(held)) Log.Changed(path, held.Version is { } version ? $" (version {version})" : "");
        var changed = latest.Count != before.Count || latest.Any(l => !before.TryGetValue(l.Key, out var old) || !old.SameValues(l.Value));
        _inUse = latest;
        SecretsMeters.Show(() => _inUse.Values, clock);
        Keep(changed);
    }

    /// <summary>Says again what has been said before there was a log.</summary>
    public void SayAgain()
    {
        _said.Clear();
        Say();
        foreach (var note in Notes(warningsOnly: true)) Log.Note(note);
    }

    /// <summary>Why the settings cannot be read yet although they may be right: Vault is away or sealed and nothing is kept. Null when that
    /// is not so.</summary>
    public string? WaitsFor =>
        _wishes.References.Where(r => !(_latest.TryGetValue(r.Path, out var held) && held.Fields.ContainsKey(r.Field)))
        .Select(r => _problems.GetValueOrDefault(r.Path)).FirstOrDefault(p => p is { PassesByItself: true })?.Text;

    public TimeSpan StartPatience => _wishes.Vault?.StartPatience ?? TimeSpan.Zero;

    /// <summary>Vault answered and said no, or its answer cannot be used: an administrator must act. Also where the last values still
    /// serve.</summary>
    public IReadOnlyList<string> Refusals => [.. _problems.Values.Where(p => !p.PassesByItself).Select(p => p.Text).Distinct()];

    /// <summary>One sentence when values in use are older than they should be; null when all is well.</summary>
    public string? StaleNote => _problems.Count == 0 || _inUse.Count == 0 ? null
        : $"{_problems.Count} of {_inUse.Count} secrets cannot be read from Vault now; their last values are in use, the oldest from {_inUse.Values.Min(s => s.ReadAt):u}";

    /// <summary>Values in use that cannot be read now: since when they are known, and why.</summary>
    public IReadOnlyList<(string Path, DateTimeOffset ReadAt, string Problem)> Stale =>
        [.. _problems.Where(p => _inUse.ContainsKey(p.Key)).Select(p => (p.Key, _inUse[p.Key].ReadAt, p.Value.Text))];

    /// <summary>What an administrator should know, for `check` and the start.</summary>
    public IReadOnlyList<string> Notes(bool warningsOnly = false)
    {
        var notes = new List<string>();
        if (!HasWishes || _wishes.Vault is not { } vault) return notes;
        if (vault.CacheKey is null)
            notes.Add("vault.cache_key is not set, so nothing is kept over a restart: the server cannot start while Vault is away or sealed");
        else if (_cacheProblem is { } problem && (!warningsOnly || !problem.StartsWith("nothing is kept", StringComparison.Ordinal))) notes.Add(problem);
        if (vault.Address.StartsWith("http:", StringComparison.OrdinalIgnoreCase) && !new Uri(vault.Address).IsLoopback)
            notes.Add($"secrets cross the network in the clear on their way from {vault.Address}");
        if (warningsOnly) return notes;
        foreach (var group in _problems.Where(p => _latest.ContainsKey(p.Key)).GroupBy(p => p.Value.Text))
            notes.Add($"{group.Key}. The server would go on with the values read at {group.Min(p => _latest[p.Key].ReadAt):u}");
        return notes;
    }

    /// <summary>What the settings that hold now were made of.</summary>
    public IReadOnlyCollection<HeldSecret> InUse => _inUse.Values;

    /// <summary>Every reference to Vault and where its value came from.</summary>
    public IReadOnlyList<SecretRow> Rows() => [.. _wishes.References.OrderBy(r => r.ToString(), StringComparer.Ordinal).Select(r =>
    {
        var held = _latest.GetValueOrDefault(r.Path) is { } secret && secret.Fields.ContainsKey(r.Field) ? secret : null;
        return new SecretRow(r, held is null ? "nowhere" : held.FromCache ? "kept" : "vault", held?.Version, held?.ReadAt,
            _problems.GetValueOrDefault(r.Path)?.Text ?? "");
    })];

    private void ReadCache(VaultSection vault, string? data)
    {
        if (_cacheRead || data is null) return;
        _cacheRead = true;
        if (vault.CacheKey is not { } key)
        {
            _cacheProblem = "nothing is kept of an earlier start: `vault.cache_key` is not set";
            return;
        }
        (var kept, _cacheProblem) = new SecretCache(data, key).Read(NameOf(vault));
        _inUse = kept.ToDictionary(k => k.Path, StringComparer.Ordinal);
    }

    private async Task<Dictionary<string, VaultAnswer>> AskAsync(
        VaultSection vault, Dictionary<string, IReadOnlyList<string>> paths, CancellationToken cancel)
    {
        if (Connect(VaultOptions.Of(vault)) is { } unfit) return paths.Keys.ToDictionary(p => p, _ => (VaultAnswer)unfit);
        if (await _client!.BeginAsync(cancel) is { } problem) return paths.Keys.ToDictionary(p => p, _ => (VaultAnswer)problem);
        var answers = new Dictionary<string, VaultAnswer>(StringComparer.Ordinal);
        foreach (var some in paths.Keys.Chunk(AtOnce))
        {
            var read = await Task.WhenAll(some.Select(p => _client.ReadAsync(p, cancel)));
            for (var i = 0; i < some.Length; i++) answers[some[i]] = read[i];
            // One that is away is away for all: a start must not wait for each in turn.
            if (Array.Find(read, r => r.Problem is { Kind: VaultTrouble.Away }).Problem is { } away)
                foreach (var path in paths.Keys) answers.TryAdd(path, away);
            if (answers.Count == paths.Count) break;
        }
        return answers;
    }

    private VaultProblem? Connect(VaultOptions options)
    {
        if (_client is not null && _client.Options == options) return null;
        try
        {
            _client?.Dispose();
            _client = null;
            _client = new(options, clock);
            return null;
        }
        catch (CryptographicException)
        {
            return new(VaultTrouble.Wrong, "`vault.ca` cannot be read as PEM certificates");
        }
    }

    private bool Take(Dictionary<string, IReadOnlyList<string>> paths, Dictionary<string, VaultAnswer> answers)
    {
        var (latest, inUse) = (
            new Dictionary<string, HeldSecret>(StringComparer.Ordinal), new Dictionary<string, HeldSecret>(_inUse, StringComparer.Ordinal));
        var problems = new Dictionary<string, VaultProblem>(StringComparer.Ordinal);
        var changed = false;
        foreach (var (path, wanted) in paths)
        {
            var (held, problem) = answers[path] is { Secret: { } secret }
                ? HeldSecret.Of(path, wanted, secret, clock.GetUtcNow()) : (null, answers[path].Problem);
            SecretsMeters.Read(problem is null ? "ok" : problem.Kind.ToString().ToLowerInvariant());
            if (held is null)
            {
                problems[path] = problem!;
                if (inUse.TryGetValue(path, out var last)) latest[path] = last;
                continue;
            }
            latest[path] = held;
            if (inUse.TryGetValue(path, out var before) && before.SameValues(held)) inUse[path] = held;
            else changed = true;
        }
        if (latest.Count != _latest.Count
            || latest.Any(l => !_latest.TryGetValue(l.Key, out var old) || !old.SameValues(l.Value))) Changes++;
        (_latest, _inUse, _problems) = (latest, inUse, problems);
        if (!changed) Keep(changed: false);
        return changed;
    }

    private void Say()
    {
        var now = _problems.Where(p => _latest.ContainsKey(p.Key)).Select(p => p.Value.Text).ToHashSet();
        foreach (var text in now.Except(_said)) Log.Stale(text, _latest.Values.Min(l => l.ReadAt));
        if (_said.Count > 0 && now.Count == 0 && _problems.Count == 0) Log.Fresh();
        _said.Clear();
        _said.UnionWith(now);
    }

    /// <summary>Only what is in use is kept: values that no settings could be made of would be no help after a restart.</summary>
    private void Keep(bool changed)
    {
        if (_cache is null || _inUse.Count == 0) return;
        if (_inUse.Values.All(s => s.FromCache) || (!changed && clock.GetUtcNow() - _keptAt < KeepAgesEvery)) return;
        try
        {
            _cache.Write(NameOf(_wishes.Vault!), _inUse.Values);
            (_keptAt, _cacheProblem) = (clock.GetUtcNow(), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.NotKept(e.Message);
        }
    }

    /// <summary>From here on the data folder is ours to write: values in use are kept in it.</summary>
    public void KeepIn(ServerSettings settings) => _cache = settings.HasVault && settings.Vault.CacheKey is { } key ? new(settings.Data, key) : null;

    private static string NameOf(VaultSection vault) => $"{vault.Address} {vault.Namespace}";
}
