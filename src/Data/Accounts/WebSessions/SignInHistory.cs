using System.Collections.Concurrent;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>A try to sign in with a browser, as kept: right, or wrong and how often in a row.</summary>
/// <param name="At">Unix seconds UTC; of several, the last.</param>
/// <param name="Problem">Empty: it let in.</param>
internal sealed record SignInEntry(long At, string How, string From, string Device, string Problem, int Count)
{
    /// <summary>The same person trying again, as far as one can see.</summary>
    public bool IsLike(SignInEntry other) => Problem.Length > 0
        && (How, From, Device, Problem) == (other.How, other.From, other.Device, other.Problem);
}

internal sealed record SignInHistoryRow(IReadOnlyList<SignInEntry> Entries);

/// <summary>What an account's owner is shown.</summary>
/// <param name="Count">How many such tries in a row; of those that let in always 1.</param>
public sealed record SignInInfo(DateTimeOffset At, bool Ok, string How, string From, string Device, string Problem, int Count);

/// <summary>
/// The last tries to sign in to each account with a browser. Failures of one kind in a row are one entry, and failures have half of the
/// places at most: who guesses cannot push out the entry that shows where he got in. Written now and then.
/// </summary>
public sealed class SignInHistory(IDocumentRows rows, TimeProvider clock) : IDisposable
{
    public const string Kind = "sign-in-history";

    /// <summary>Entries of one account.</summary>
    public const int Most = 100;

    private const string RowName = "all";
    private const int MostFailures = Most / 2;

    private readonly SemaphoreSlim _one = new(1);
    private readonly ConcurrentDictionary<AccountId, SignInEntry[]> _unwritten = new();

    /// <param name="problem">Empty: it let in.</param>
    public void Note(AccountId account, SignInFacts facts, string problem)
    {
        var entry = new SignInEntry(
            clock.GetUtcNow().ToUnixTimeSeconds(), facts.How, facts.From.ToString(), DeviceName.Of(facts.UserAgent), problem, 1);
        _unwritten.AddOrUpdate(account, _ => [entry], (_, before) => Add(before, entry));
    }

    /// <summary>The newest first.</summary>
    public async Task<IReadOnlyList<SignInInfo>> ListAsync(AccountId account, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var all = await ReadAsync(account, _unwritten.GetValueOrDefault(account, []), cancel);
            return [.. all.Reverse().Select(e => new SignInInfo(
                DateTimeOffset.FromUnixTimeSeconds(e.At), e.Problem.Length == 0, e.How, e.From, e.Device, e.Problem, e.Count))];
        }
        finally
        {
            _one.Release();
        }
    }

    public async Task UpkeepAsync(CancellationToken cancel)
    {
        if (_unwritten.IsEmpty) return;
        await _one.WaitAsync(cancel);
        try
        {
            foreach (var account in _unwritten.Keys)
            {
                if (_unwritten.TryRemove(account, out var entries)) await WriteAsync(account, entries, cancel);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task WriteAsync(AccountId account, SignInEntry[] entries, CancellationToken cancel)
    {
        try
        {
            var row = new SignInHistoryRow(await ReadAsync(account, entries, cancel));
            var now = clock.GetUtcNow().ToUnixTimeSeconds();
            await rows.ChangeDocumentsAsync(
                [Documents.Of(new(account, Kind, RowName), row, WebSessionJson.Default.SignInHistoryRow, now)], [], cancel);
        }
        catch
        {
            // Next time, before what came meanwhile.
            _unwritten.AddOrUpdate(account, entries, (_, later) => later.Aggregate(entries, Add));
            throw;
        }
    }

    private async Task<SignInEntry[]> ReadAsync(AccountId account, SignInEntry[] more, CancellationToken cancel)
    {
        var document = await rows.GetDocumentAsync(account, Kind, RowName, cancel);
        return more.Aggregate<SignInEntry, SignInEntry[]>([.. document?.Read(WebSessionJson.Default.SignInHistoryRow)?.Entries ?? []], Add);
    }

    private static SignInEntry[] Add(SignInEntry[] before, SignInEntry entry)
    {
        if (before is [.. var rest, var last] && entry.IsLike(last)) return [.. rest, entry with { Count = last.Count + entry.Count }];
        var all = before.Append(entry).ToList();
        if (all.Count(e => e.Problem.Length > 0) > MostFailures) all.RemoveAt(all.FindIndex(e => e.Problem.Length > 0));
        if (all.Count > Most) all.RemoveAt(0);
        return [.. all];
    }
}
