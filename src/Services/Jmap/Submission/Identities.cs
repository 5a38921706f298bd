using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The identities of accounts. The first is made when somebody looks, for the account's own address, and stays.</summary>
internal sealed class Identities(IDocumentRows rows, IdSource ids, TimeProvider clock) : IDisposable, IStateSource
{
    /// <summary>Of one account.</summary>
    public const int Most = 200;

    private readonly RecordBook _book = new(rows, "jmap-identity", clock);

    public string Type => "Identity";

    public async Task<(string State, IReadOnlyList<Identity> All)> ReadAsync(JmapUser user, CancellationToken cancel)
    {
        var set = await SetAsync(user, cancel);
        return (set.State, [.. set.Records.Values.Select(kept => Identity.Read(kept)).OrderBy(i => i.Id, StringComparer.Ordinal)]);
    }

    public async Task<RecordLog> LogAsync(JmapUser user, CancellationToken cancel) => (await SetAsync(user, cancel)).Log;

    public async ValueTask<string> StateAsync(AccountId account, CancellationToken cancel) => (await _book.LogAsync(account, cancel)).State;

    /// <summary>As <see cref="RecordBook.ChangeAsync"/>, when the first is there.</summary>
    public async Task<(RecordSet Before, RecordLog After)> ChangeAsync(
        JmapUser user, Func<RecordSet, ValueTask<IReadOnlyList<RecordChange>>> change, CancellationToken cancel)
    {
        await SetAsync(user, cancel);
        return await _book.ChangeAsync(user.Account, change, cancel);
    }

    public string NewId() => "i" + IdText.Format(ids.Next());

    public void Dispose() => _book.Dispose();

    private async Task<RecordSet> SetAsync(JmapUser user, CancellationToken cancel)
    {
        var set = await _book.ReadAsync(user.Account, cancel);
        if (!set.Log.IsNew) return set;
        var first = new Identity(NewId(), user.Address) { MayDelete = false };
        await _book.ChangeAsync(user.Account, now => new(now.Log.IsNew
            ? [new(first.Id, RecordChangeKind.Created, first.Kept())] : (IReadOnlyList<RecordChange>)[]), cancel);
        return await _book.ReadAsync(user.Account, cancel);
    }
}
