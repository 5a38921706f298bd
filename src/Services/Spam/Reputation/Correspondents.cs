using System.Buffers.Binary;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Spam;

/// <summary>
/// Whom each account has written to, and the ids of what it sent: who is answered is trusted. Only hashes are kept, for two years after
/// the last letter (addresses) or half a year (ids).
/// </summary>
public sealed class Correspondents(RowFile file, TimeProvider clock)
{
    private const int AddressKind = 3;
    private const int IdKind = 4;
    private const int MostOfALetter = 100;
    private static readonly TimeSpan KeepAddresses = TimeSpan.FromDays(730);
    private static readonly TimeSpan KeepIds = TimeSpan.FromDays(180);
    private long _nextUpkeep;

    /// <summary>Does an address stand in the account's contacts.</summary>
    public Func<AccountId, string, CancellationToken, ValueTask<bool>> IsContact { get; set; } = static (_, _, _) => default;

    /// <summary>The account sent a message to these addresses ("local@domain") under this Message-ID.</summary>
    public void WroteTo(AccountId account, IEnumerable<string> addresses, IEnumerable<string> messageIds)
    {
        var now = clock.GetUtcNow();
        var keys = addresses.Take(MostOfALetter).Select(Key).ToList();
        var ids = messageIds.Take(1).Select(Key).ToList();
        file.Change(batch =>
        {
            foreach (var key in keys) batch.Set(AddressKind, account.Value, key, 0, now.ToUnixTimeSeconds(), []);
            foreach (var id in ids) batch.Set(IdKind, account.Value, id, 0, now.ToUnixTimeSeconds(), []);
            if (now.ToUnixTimeSeconds() < _nextUpkeep) return;
            _nextUpkeep = now.AddHours(6).ToUnixTimeSeconds();
            batch.RemoveBefore(AddressKind, (now - KeepAddresses).ToUnixTimeSeconds());
            batch.RemoveBefore(IdKind, (now - KeepIds).ToUnixTimeSeconds());
        });
    }

    /// <summary>The account has written to this address, or has it in its contacts.</summary>
    public async ValueTask<bool> KnowsAsync(AccountId account, string address, CancellationToken cancel) =>
        HasWrittenTo(account, address) || await IsContact(account, address, cancel);

    public bool HasWrittenTo(AccountId account, string address) => Has(AddressKind, account, address);

    /// <summary>True when the account sent a message with this id.</summary>
    public bool HasSent(AccountId account, string messageId) => Has(IdKind, account, messageId);

    private bool Has(int kind, AccountId account, string text) => file.Get(kind, account.Value, Key(text), static (in RowFile.Row _) => { });

    private static byte[] Key(string text)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(key, Reputation.HashOf(text));
        return key;
    }
}

/// <summary>Trust of single accounts: people they wrote to (WROTE_TO) or have in their contacts (IN_CONTACTS), and answers to what they
/// sent (REPLY_TO_OURS).</summary>
public sealed class TrustCheck(Correspondents correspondents) : ISpamCheck
{
    /// <summary>An account here has a reason to want the message.</summary>
    public const string Mark = "_TRUSTED";

    private const int MostIds = 10;

    // Who cannot be told from a forger gets little of it.
    private const double Known = -4;
    private const double KnownUnproven = -1;
    private const double Reply = -3;

    public string Name => "trust";

    public async ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var header = context.Content.Header;
        if (context.Input.Accounts.Count == 0 || header.FromAddress is not { Length: > 0 } from) return;
        var ids = header.All("in-reply-to").Concat(header.All("references")).SelectMany(l => Mime.MessageIds.Parse(l.Value.Span)).Reverse()
            .Take(MostIds).ToList();
        var proven = Reputation.IsProven(context.Input);
        // An address book says whom somebody knows, to whoever steals it too: in their name nothing is gained.
        var isForged = context.Input.Auth is { Dmarc.Result: DmarcResult.Fail };
        foreach (var account in context.Input.Accounts)
        {
            var hasWritten = correspondents.HasWrittenTo(account, from);
            if (hasWritten || (!isForged && await correspondents.IsContact(account, from, cancel)))
            {
                if (proven)
                {
                    context.Mark(Mark);
                    context.Mark(SenderLinksCheck.KnownMark);
                }
                var why = hasWritten ? $"you have written to {from} before" : $"{from} is in your contacts";
                context.AddFor(account, hasWritten ? "WROTE_TO" : "IN_CONTACTS", proven ? Known : KnownUnproven,
                    proven ? why : why + ", but nothing proves that it is them");
            }
            if (!ids.Exists(id => correspondents.HasSent(account, id))) continue;
            context.Mark(Mark);
            context.AddFor(account, "REPLY_TO_OURS", Reply, "answers a message you sent");
        }
    }
}
