using System.Text;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Runs the scripts of each account a copy is for and plans what they want. "Keep" means the inbox, or Junk for what looks like spam;
/// a script that names a mailbox, INBOX too, is obeyed in both cases. Spam is neither redirected nor answered. An account ends with
/// something planned for it, whatever its scripts say, unless they say discard.
/// </summary>
internal sealed class Sorting
{
    private readonly ReceiveParts _parts;
    private readonly JunkMailbox _junk;
    private readonly Redirects _redirects;
    private readonly MessageEdits _edits;

    public Sorting(ReceiveParts parts)
    {
        (_parts, _junk, _edits) = (parts, new(parts.Store), new(parts));
        _redirects = new(parts, this, _edits);
    }

    /// <summary>The share of the account: accounts come once for a message, so redirects in a circle end.</summary>
    public async Task<Share> ReachAsync(ReceiveContext context, Arrival arrival, CancellationToken cancel)
    {
        var account = arrival.Target.Account;
        if (context.Fates.Of(account) is { } known) return known;
        var share = context.Fates.Add(arrival);
        share.Keep = await _junk.KeepAsync(context, account, cancel);
        context.Trace.Findings = Findings(context, share, account);
        share.Prefix = context.Trace.Local(arrival.Target.Address.Wire, arrival.Envelope, arrival.Marks.Span);
        if (_parts.Filters.Sieve is { } sieve && await sieve.AppliesAsync(account, cancel)) await SortAsync(context, share, arrival, sieve, cancel);
        else Place(share, arrival.Message, share.Keep);
        return share;
    }

    /// <summary>A copy for the account, as it came.</summary>
    public static void Place(Share share, PlannedMessage message, string mailbox)
    {
        var copy = new PlannedCopy(share.Arrival!.Target, share.Prefix.Octets) { Mailbox = mailbox };
        share.Copies.Add(copy);
        message.Copies.Add(copy);
    }

    private async Task SortAsync(ReceiveContext context, Share share, Arrival arrival, SieveStep sieve, CancellationToken cancel)
    {
        // Scripts see the message as it will stand in the mailbox: with what was found out about it.
        var prefix = context.Trace[share.Prefix.Octets];
        using var whole = _parts.Store.Spool.Make(body =>
        {
            body.Write(prefix.Span);
            body.Write(arrival.Message.Body);
        });
        var input = Input(context, share, arrival, whole) with { Budget = context.Scripts ??= sieve.Begin() };
        var plan = await sieve.RunAsync(input, cancel);
        if (plan.Reject is { } reject)
        {
            (share.Rejection, share.No) = (reject, Refusals.ByScript(reject.Reason, context.Transaction.Parameters.SmtpUtf8));
        }
        else
        {
            foreach (var filed in plan.Copies) File(context, share, arrival, filed);
            // What was only to be sent on stays here when it must not go.
            var errors = context.IsTagged ? [] : await _redirects.FollowAsync(context, share, arrival, plan.Redirects, cancel);
            share.IsDiscarded = plan.Discarded;
            if (!share.IsPlanned && !share.IsDiscarded)
            {
                Place(share, arrival.Message, share.Keep);
                if (!context.IsTagged) Rescued(context, share, errors);
            }
            if (errors.Count > 0) plan = plan with { Letters = [.. plan.Letters, sieve.Note(share.Arrival!.Target, context.ReturnPath, errors[0])] };
        }
        // What was planned stands in the share by now: an edited message is not held twice.
        context.Sorted.Add((arrival.Target.Account, plan with { Copies = [], Redirects = [] }));
    }

    // RFC 5228 §2.10.6: an error of the script; the message is kept.
    private void Rescued(ReceiveContext context, Share share, List<string> errors)
    {
        ReceiveMeters.Rescue("redirect");
        var why = errors is [var first, ..] ? first : "its scripts did nothing";
        _parts.Log.FateRescued(context.Id, share.For.Shown, share.Arrival!.Target.Address.Wire, why);
    }

    private void File(ReceiveContext context, Share share, Arrival arrival, FiledCopy filed)
    {
        var copy = new PlannedCopy(arrival.Target, share.Prefix.Octets)
        {
            Mailbox = filed is { Mailbox: "INBOX", IsNamed: false } ? share.Keep : filed.Mailbox,
            Flags = filed.Flags,
            Keywords = filed.Keywords,
        };
        var message = arrival.Message;
        if (filed.Edit is { } edit)
        {
            // The edited header holds our own fields already.
            copy = copy with { Prefix = default };
            context.Messages.Add(message = _edits.Edited(arrival.Message, edit));
        }
        share.Copies.Add(copy);
        message.Copies.Add(copy);
    }

    private SieveInput Input(ReceiveContext context, Share share, Arrival arrival, SpooledBody whole)
    {
        var transaction = context.Transaction;
        var recipient = share.For.Recipient;
        var (account, address, _) = arrival.Target;
        // RFC 5228 §5.4: "to" is the address of the RCPT TO that led to this delivery; the detail is its own.
        return new(account, address.Wire, whole, _parts.Reader.Scan(whole), context.ReturnPath, arrival.Envelope)
        {
            OwnPrefix = share.Prefix.Own,
            OriginalRecipient = share.For.Shown,
            OwnAddresses = [share.For.Shown, arrival.Envelope],
            Authenticated = transaction.Client.Login?.Address,
            RemoteAddress = context.Sender,
            RemoteHost = context.Auth?.Iprev.Name,
            SpamPercent = context.Spam is { } spam ? SieveInput.PercentOf(spam.ScoreFor(arrival.Target.Account), spam.RejectAt) : null,
            // RFC 5235 §2.3: 0 not tested, 1 clean, 5 a virus.
            VirusVerdict = context.Spam?.Virus switch { null => 0, "" => 1, _ => 5 },
            DsnNotify = recipient.Notify,
            DsnRet = transaction.Parameters.Return,
            DsnEnvelopeId = transaction.Parameters.EnvelopeId,
            DsnOriginalRecipient = recipient.OriginalRecipient,
        };
    }

    // Header fields that tell a mailbox's owner, and programs, what was found out.
    private ReadOnlyMemory<byte> Findings(ReceiveContext context, Share share, AccountId account)
    {
        if (context.Auth is null && context.Spam is null) return default;
        var auth = context.Auth;
        // What the field says was done is what is done with this copy.
        if (auth?.Disposition is not null) auth = auth with { Disposition = share.Keep == JunkMailbox.Inbox ? DmarcPolicy.None : DmarcPolicy.Quarantine };
        return Encoding.UTF8.GetBytes((context.Spam?.Fields(account) ?? "") + (auth?.Results(_parts.Options.HostName) ?? ""));
    }
}
