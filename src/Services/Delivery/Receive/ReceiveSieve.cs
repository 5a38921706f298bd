using Aviso.Accounts;
using Aviso.Base;
using Aviso.Sieve;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Runs the scripts of each account a copy is for and plans what they want. "Keep" means the inbox, or Junk for what looks like spam;
/// a script that names a mailbox, INBOX too, is obeyed in both cases. Spam is neither redirected nor answered.
/// </summary>
public sealed partial class MailReceiver
{
    // A redirect to one of ours runs that account's scripts too; accounts come once for a message, so this ends.
    private async Task<Refusal?> SortAsync(ReceiveContext context, PlannedMessage message, PlannedCopy copy, CancellationToken cancel)
    {
        var account = copy.Target.Account;
        var keep = await DefaultMailboxAsync(context, account, cancel);
        if (Filters.Sieve is not { } sieve || !await sieve.AppliesAsync(account, cancel))
        {
            message.Copies.Add(copy with { Mailbox = keep });
            return null;
        }
        // Scripts see the message as it will stand in the mailbox: with what was found out about it.
        using var whole = Whole(context.Trace![copy.Prefix], context.Body);
        var plan = await sieve.RunAsync(Input(context, copy, whole), cancel);
        context.Sorted.Add((account, plan));
        if (plan.Reject is { } reject) return Reject(context, message, copy, reject, keep);
        foreach (var filed in plan.Copies) Place(context, message, copy, filed, keep);
        var redirects = context.IsTagged ? [] : plan.Redirects;
        // What was only to be sent on stays here when it must not go.
        if (redirects.Count < plan.Redirects.Count && plan.Copies.Count == 0) message.Copies.Add(copy with { Mailbox = keep });
        foreach (var redirect in redirects)
            if (await RedirectAsync(context, message, copy, redirect, cancel) is { } no) return no;
        return null;
    }

    private SieveInput Input(ReceiveContext context, PlannedCopy copy, SpooledBody whole)
    {
        var transaction = context.Transaction;
        var detail = copy.Target.Detail.Length > 0 ? $"{copy.Target.Address[..copy.Target.Address.LastIndexOf('@')]}{AddressTable.DetailSeparator}{copy.Target.Detail}" : null;
        return new(copy.Target.Account, copy.Target.Address, whole, reader.Scan(whole), ReceiveQueue.Sender(transaction.Sender),
            detail is null ? copy.Target.Address : $"{detail}{copy.Target.Address[copy.Target.Address.LastIndexOf('@')..]}")
        {
            OwnPrefix = context.Trace![copy.Prefix].Length,
            OriginalRecipient = copy.For.Shown,
            OwnAddresses = [copy.For.Shown],
            Authenticated = transaction.Client.Login?.Address,
            RemoteAddress = context.Sender,
            RemoteHost = context.Auth?.Iprev.Name,
            SpamPercent = context.Spam is { } spam ? SieveInput.PercentOf(spam.ScoreFor(copy.Target.Account), spam.RejectAt) : null,
            // RFC 5235 §2.3: 0 not tested, 1 clean, 5 a virus.
            VirusVerdict = context.Spam?.Virus switch { null => 0, "" => 1, _ => 5 },
            DsnNotify = copy.For.Recipient.Notify,
            DsnRet = transaction.Parameters.Return,
            DsnEnvelopeId = transaction.Parameters.EnvelopeId,
            DsnOriginalRecipient = copy.For.Recipient.OriginalRecipient,
        };
    }

    private void Place(ReceiveContext context, PlannedMessage message, PlannedCopy copy, FiledCopy filed, string keep)
    {
        var placed = copy with { Mailbox = filed is { Mailbox: Inbox, IsNamed: false } ? keep : filed.Mailbox, Flags = filed.Flags, Keywords = filed.Keywords };
        if (filed.Edit is not { } edit) message.Copies.Add(placed);
        else
        {
            // The edited header holds our own fields already.
            var edited = Edited(context, edit);
            edited.Copies.Add(placed with { Prefix = default });
            context.Messages.Add(edited);
        }
    }

    // RFC 5429 §2.1: refused while that is possible; a sender who is not real is not written to.
    private Refusal? Reject(ReceiveContext context, PlannedMessage message, PlannedCopy copy, SieveRejection reject, string keep)
    {
        var alone = context.Recipients.Count == 1 && context.Recipients[0].Local.Count == 1 && context.Recipients[0].External.Count == 0;
        var isReal = !context.IsTagged && context.Auth is not { SenderIsGenuine: false } && !context.Transaction.Sender.IsNull;
        // RFC 5429 §2.2: words that a reply cannot carry go to the sender in a message; §2.1.1: those of ereject are replaced.
        var utf8 = context.Transaction.Parameters.SmtpUtf8;
        var byMessage = !reject.IsEreject && !utf8 && isReal && !System.Text.Ascii.IsValid(reject.Reason);
        if (alone && !byMessage) return Refusals.ByScript(reject.Reason, utf8);
        if (!isReal) message.Copies.Add(copy with { Mailbox = keep == Inbox ? Junk : keep });
        else context.Local.Add(copy with { Rejection = reject.Reason, IsRejectedByMessage = byMessage, Error = StoreError.NotPermitted });
        return null;
    }

    private async Task<Refusal?> RedirectAsync(ReceiveContext context, PlannedMessage message, PlannedCopy copy, SieveForward redirect, CancellationToken cancel)
    {
        var way = AddressKey.TryParse(redirect.Address, out var key) ? accounts.Table.Resolve(key.LocalPart, key.Domain) : null;
        if (way is null or { Kind: ResolutionKind.NotLocal } && options.OutsideMailbox is { } outside && AddressKey.TryParse(outside, out key))
            way = accounts.Table.Resolve(key.LocalPart, key.Domain);
        var from = copy.For with { Local = [copy.Target], External = [redirect.Address], Forwards = true };
        foreach (var target in way?.Local ?? [])
        {
            if (!context.Seen.Add(target.Account)) continue;
            var next = new PlannedCopy(target, from, context.Trace!.Local(target.Address, redirect.Address));
            if (await SortAsync(context, message, next, cancel) is { } no) return no;
        }
        List<string> elsewhere = [.. way is { Kind: not ResolutionKind.NotLocal } ? way.External : [redirect.Address]];
        elsewhere.RemoveAll(address => !context.Seen.Add(address.ToLowerInvariant()));
        if (elsewhere.Count == 0) return null;
        var queued = elsewhere.ConvertAll(address => new PlannedQueue(ReceiveQueue.Wire(address), from));
        context.Queued.AddRange(queued);
        context.Messages.Add(Forward(context, from, queued, redirect));
        return null;
    }

    private PlannedMessage Edited(ReceiveContext context, SieveEdit edit)
    {
        var body = store.Spool.Begin();
        try
        {
            body.Write(edit.Header);
            if (edit.Body is { } changed) body.Write(changed);
            else
            {
                long seen = 0;
                context.Body.ForEachPiece(piece =>
                {
                    body.Write(piece.Span[(int)Math.Clamp(context.Parts.HeaderLength - seen, 0, piece.Length)..]);
                    seen += piece.Length;
                });
            }
            return new(body, reader.Render(body));
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private SpooledBody Whole(ReadOnlyMemory<byte> prefix, SpooledBody message)
    {
        var whole = store.Spool.Begin();
        try
        {
            whole.Write(prefix.Span);
            message.ForEachPiece(piece => whole.Write(piece.Span));
            return whole;
        }
        catch
        {
            whole.Dispose();
            throw;
        }
    }

    // Answers and notes go out once the message is stored.
    private async ValueTask<Refusal?> AnswerAsync(ReceiveContext context, CancellationToken cancel)
    {
        foreach (var (account, plan) in context.Sorted)
        {
            // RFC 5230 §4.2: what is remembered is answers that were sent; a forger must not use up the one for the real sender.
            var said = context.IsTagged ? plan with { Letters = [.. plan.Letters.Where(l => l.Kind == "note")] } : plan;
            var due = await Filters.Sieve!.CommitAsync(account, said, cancel);
            if (due.Count > 0 && Filters.Post is { } post && await post.SendAsync(account, due, cancel)) Queued?.Invoke();
        }
        return null;
    }
}
