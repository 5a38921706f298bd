using Aviso.Base;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>What is said, logged and counted when the steps are done.</summary>
internal sealed class ReceiveOutcome(ReceiveParts parts, ReceiveContext context)
{
    public ReceiveResult Result(TimeSpan took)
    {
        var results = context.Refused is { } no ? context.Recipients.ConvertAll(_ => (Refusal?)no) : context.Fates.Replies(context.IsLmtp);
        Finish(results, took);
        ReceiveTrace.Tell(context, results, took, parts.Clock.GetUtcNow());
        return new(context.Id, results) { IsTagged = context.IsTagged };
    }

    /// <summary>Incidents 7 and 35: a refusal of one of our own machines is an event of its own, at once, with everything that names it.</summary>
    public static void Tell(ILogger log, MailTransaction transaction, string recipient, Refusal no)
    {
        var client = transaction.Client;
        ReceiveMeters.Count(no.Reason);
        // A program's own login is one of ours wherever it comes from.
        if (client.Origin.IsInternal || client.Login is { Scope: not null })
            OwnRefusals.Note(log, client.SessionId, client.Origin.Remote,
                new(client.Helo, transaction.Sender.ToString(), recipient), no.ToString(), no.Cause, no.Reason, client.Login?.Address);
        else
            log.Refused(client.SessionId, client.Origin.Remote, transaction.Sender.ToString(), recipient, no.ToString(), no.Cause);
    }

    private void Moved(Action<AccountId, bool> moved, MailTransaction transaction)
    {
        if (transaction.Client.Login is { } login) moved(new(login.Account), true);
        foreach (var copy in context.Fates.Shares.SelectMany(s => s.Copies).Concat(context.KeptCopies.Select(k => k.Copy)))
            if (copy.IsStored) moved(copy.Target.Account, false);
    }

    private void Finish(List<Refusal?> results, TimeSpan took)
    {
        var transaction = context.Transaction;
        var refused = results.Count(r => r is not null);
        if (refused == results.Count && results is [{ } first, ..]) Tell(parts.Log, transaction, "", first);
        else
        {
            ReceiveMeters.AcceptToStored.Record(took.TotalSeconds);
            ReceiveMeters.Count("local", context.Fates.Placed);
            ReceiveMeters.Count("queued", context.Fates.Queued);
            Moved(parts.Filters.Moved, transaction);
        }
        if (!parts.Log.IsEnabled(LogLevel.Information)) return;
        var result = refused == 0 ? "accepted" : refused == results.Count ? results[0]!.ToString() : "accepted in part";
        parts.Log.Message(context.Id, transaction.Client.SessionId, transaction.Sender.Domain.Ascii, context.Body.Length, results.Count,
            context.Fates.Placed, context.Fates.Queued, refused, result, took.TotalMilliseconds);
    }
}
