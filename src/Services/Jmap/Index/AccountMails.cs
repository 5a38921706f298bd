using System.Collections.Concurrent;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The present picture of each account in use. The least recently used go when they take more memory than they may.</summary>
internal sealed class AccountMails(IAccountChanges store, long memoryCap = 128L << 20)
{
    /// <summary>More free slots than this, and more than there are emails: a picture is made anew, close together.</summary>
    private const int ManyFree = 4_096;

    private readonly ConcurrentDictionary<AccountId, Kept> _kept = new();

    /// <summary>The account as it is now, with all that any call did which has returned; null when it is gone.</summary>
    public async ValueTask<AccountMail?> OfAsync(AccountId account, CancellationToken cancel)
    {
        var kept = _kept.GetOrAdd(account, static _ => new());
        kept.LastUse = Environment.TickCount64;
        if (kept.Mail is { } present && present.State == await store.StateAsync(account, cancel)) return present;
        await kept.Gate.WaitAsync(cancel);
        try
        {
            var mail = kept.Mail;
            var picture = await store.PictureAsync(account, mail?.Picture, cancel);
            if (picture is null)
            {
                kept.Mail = null;
                _kept.TryRemove(account, out _);
                return null;
            }
            if (mail is not null && picture.ModSeq == mail.State) return mail;
            if (mail is not null && mail.Rows.FreeCount > Math.Max(ManyFree, mail.Count)) mail = null;
            return kept.Mail = await AccountMailAdvance.RunAsync(mail ?? AccountMail.Empty(account), picture, store, cancel);
        }
        finally
        {
            kept.Gate.Release();
            Evict(account);
        }
    }

    /// <summary>Of the account that the call is about.</summary>
    /// <exception cref="MethodFailure">accountNotFound: it was removed meanwhile.</exception>
    public async ValueTask<AccountMail> OfAsync(Call call, CancellationToken cancel) =>
        await OfAsync(call.Account, cancel) ?? throw new MethodFailure("accountNotFound");

    private void Evict(AccountId except)
    {
        var octets = _kept.Values.Sum(static kept => kept.Mail?.Octets ?? 0);
        foreach (var (account, kept) in _kept.ToArray().OrderBy(static pair => pair.Value.LastUse))
        {
            if (octets <= memoryCap) return;
            if (account == except || kept.Mail is not { } mail) continue;
            if (_kept.TryRemove(new(account, kept))) octets -= mail.Octets;
        }
    }

    private sealed class Kept
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public AccountMail? Mail { get; set; }

        public long LastUse { get; set; }
    }
}
