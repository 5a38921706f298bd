using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Stores and queues the letters of <see cref="SieveStep.CommitAsync"/>. A letter that cannot be sent is an event, never a failure of
/// the message that caused it.</summary>
public sealed class SievePost(INoticeTarget target, AccountBook accounts, IMailStore store, IMessageReader reader, IRouter router, TimeProvider clock, ILogger log)
{
    /// <summary>True when something waits in the queue now.</summary>
    /// <param name="gate">Counts what goes elsewhere; null when nothing is limited.</param>
    internal async ValueTask<bool> SendAsync(AccountId account, IReadOnlyList<SieveLetter> letters, SendingGate? gate, CancellationToken cancel)
    {
        var queued = false;
        foreach (var letter in letters)
        {
            try
            {
                queued |= await SendAsync(account, letter, gate, cancel);
            }
            catch (Exception e) when (!cancel.IsCancellationRequested)
            {
                log.SieveLetterLost(e, account.ToString(), letter.Kind);
            }
        }
        return queued;
    }

    private async Task<bool> SendAsync(AccountId account, SieveLetter letter, SendingGate? gate, CancellationToken cancel)
    {
        using var body = store.Spool.Begin();
        body.Write(letter.Message);
        var targets = new List<AcceptTarget>();
        var elsewhere = new List<MailAddress>();
        foreach (var address in letter.To)
        {
            // A note stays in the account, whatever its address means by now.
            if (letter.Kind == "note") targets.Add(new(account, "INBOX", Prefix(address), SystemFlags.None, [], IgnoreQuota: true));
            else if ((await target.FindAsync(address, cancel)).Local is { } local) targets.Add(local with { IgnoreQuota = false });
            else if (MailAddress.TryParse(address, out var to) && !accounts.Table.IsLocalDomain(to.Domain)) elsewhere.Add(to);
        }
        if (letter.Copy is { } copy) targets.Add(new(account, copy.Mailbox, default, copy.Flags, copy.Keywords));
        // Letters are mail of the account like any other.
        if (elsewhere.Count > 0 && gate is not null && accounts.Table.AddressOf(account) is { } own
            && await gate.CountAsync(account, own, elsewhere, "a script", cancel) is { } no)
        {
            log.SieveLetterOverLimit(account.ToString(), letter.Kind, no.Cause);
            elsewhere.Clear();
        }
        if (targets.Count == 0 && elsewhere.Count == 0) return false;
        var submission = elsewhere.Count > 0 ? Queued(account, elsewhere, body) : null;
        var stored = await store.AcceptAsync(
            new(body, reader.Render(body), targets, submission)
            {
                ReceivedAt = clock.GetUtcNow().ToUnixTimeSeconds(),
                Origin = letter.Kind,
            }, cancel);
        if (!stored.Ok) log.SieveLetterLost(null, account.ToString(), letter.Kind);
        return stored.Ok && submission is not null;
    }

    private static byte[] Prefix(string address) => Encoding.UTF8.GetBytes($"Return-Path: <>\r\nDelivered-To: {address}\r\n");

    private QueueSubmission Queued(AccountId account, List<MailAddress> addresses, SpooledBody body)
    {
        var needs = QueueNeeds.None;
        body.ForEachPiece(piece => needs |= Ascii.IsValid(piece.Span) ? QueueNeeds.None : QueueNeeds.EightBit);
        if (addresses.Exists(a => a.NeedsUtf8)) needs |= QueueNeeds.SmtpUtf8;
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        // RFC 5230 §5.1, RFC 3461 §6: null sender, and nobody is told what becomes of it.
        return new("", account, "", DsnReturn.Unspecified, needs, QueuePriority.Automatic, default,
            [.. addresses.Select(a => new QueueTarget(a.Wire, router.DestinationFor(default, a), DsnNotify.Never, "", now))]);
    }
}
