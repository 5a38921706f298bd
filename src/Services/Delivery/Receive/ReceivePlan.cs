using Aviso.Accounts;
using Aviso.Base;
using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>The steps that say where each copy goes, store all of them at once, and learn from what was stored.</summary>
public sealed partial class MailReceiver
{
    private const string Inbox = "INBOX", Junk = "Junk";

    // One copy for an account, however many recipients lead to it; one queue row for an address elsewhere.
    private async ValueTask<Refusal?> PlanAsync(ReceiveContext context, CancellationToken cancel)
    {
        context.Rendered = reader.Render(context.Body, context.Parts);
        var trace = context.Trace = new(context.Transaction, options.HostName, context.Id, context.Now) { Signatures = context.Signatures };
        KeepSpam(context);
        var message = new PlannedMessage(context.Body, context.Rendered);
        foreach (var recipient in context.Recipients)
        {
            foreach (var target in recipient.Local)
            {
                if (!context.Seen.Add(target.Account)) continue;
                trace.Findings = Findings(context, target.Account);
                if (await SortAsync(context, message, new(target, recipient, trace.Local(target.Address, recipient.Shown)), cancel) is { } no) return no;
            }
            foreach (var address in recipient.External.Select(ReceiveQueue.Wire))
            {
                if (context.Seen.Add(address.ToLowerInvariant())) context.Queued.Add(new(address, recipient));
            }
        }
        PlanQueue(context, message);
        return null;
    }

    private void PlanQueue(ReceiveContext context, PlannedMessage message)
    {
        // RFC 5321 §7.6: with several recipients nothing in the message may name one of them to another.
        var only = context.Recipients.Count == 1 ? context.Recipients[0] : null;
        var direct = context.Queued.FindAll(q => !q.For.Forwards);
        if (direct.Count > 0)
        {
            var prefix = context.Trace!.Queued(null, only?.Shown);
            message = message with { Queue = ReceiveQueue.Submission(context, router, direct, ReceiveQueue.Sender(context.Transaction.Sender), context.Trace[prefix]) };
        }
        if (message.Copies.Count > 0 || message.Queue is not null) context.Messages.Add(message);
        // Redirects of scripts have their message already.
        foreach (var forward in context.Queued.Where(q => q.For.Forwards && context.Recipients.Contains(q.For)).GroupBy(q => q.For))
            context.Messages.Add(Forward(context, forward.Key, [.. forward]));
        context.Local.AddRange(context.Messages.SelectMany(m => m.Copies));
    }

    // The owner may have given the mailbox another name.
    private async ValueTask<string> DefaultMailboxAsync(ReceiveContext context, AccountId account, CancellationToken cancel)
    {
        if (context.Spam is not { } spam || (!context.IsTagged && spam.ScoreFor(account) < spam.Required)) return Inbox;
        // Somebody the account writes to may pull its own score below the threshold.
        if (spam.PerAccount?.ContainsKey(account) == true && spam.ScoreFor(account) < spam.Required) return Inbox;
        var mailboxes = await store.ListMailboxesAsync(account, cancel);
        if (mailboxes.FirstOrDefault(m => m.SpecialUse == SpecialUse.Junk) is { } junk) return junk.Name;
        var made = await store.CreateMailboxAsync(account, Junk, SpecialUse.Junk, cancel);
        return made.Ok ? made.Value!.Name : mailboxes.Any(m => m.Name == Junk) ? Junk : Inbox;
    }

    private async ValueTask<Refusal?> StoreAsync(ReceiveContext context, CancellationToken cancel)
    {
        // A script may want it nowhere.
        if (context.Messages.Count == 0) return null;
        var acceptances = context.Messages.ConvertAll(message => Acceptance(context, message, message.Copies) with { Queue = message.Queue });
        var outcome = await store.AcceptAllAsync(acceptances, cancel);
        if (!outcome.Ok) return Refusals.NoRoom($"the store says {outcome.Error}");
        for (var i = 0; i < acceptances.Count; i++)
        {
            var copies = context.Messages[i].Copies;
            for (var k = 0; k < copies.Count; k++) copies[k].Error = outcome.Value![i].Targets[k].Error;
        }
        if (acceptances.Exists(a => a.Queue is not null)) Queued?.Invoke();
        if (context.Auth is { SenderIsGenuine: false }) await StoreOverQuotaAsync(context, cancel);
        return null;
    }

    // A bounce would reach somebody who never sent this (incident: backscatter): what the reply cannot say is filed after all.
    private async Task StoreOverQuotaAsync(ReceiveContext context, CancellationToken cancel)
    {
        foreach (var message in context.Messages)
        {
            var full = message.Copies.FindAll(c => c.Error == StoreError.OverQuota && ReceiveNotices.IsUntold(context, c));
            if (full.Count == 0) continue;
            var outcome = await store.AcceptAsync(Acceptance(context, message, full, ignoreQuota: true), cancel);
            for (var k = 0; outcome.Ok && k < full.Count; k++) full[k].Error = outcome.Value!.Targets[k].Error;
            foreach (var copy in full) log.FiledOverQuota(context.Id, copy.Target.Address);
        }
    }

    private static Acceptance Acceptance(ReceiveContext context, PlannedMessage message, List<PlannedCopy> copies, bool ignoreQuota = false) => new(
        message.Body, message.Rendered,
        copies.ConvertAll(c => new AcceptTarget(c.Target.Account, c.Mailbox, context.Trace![c.Prefix], c.Flags, c.Keywords, ignoreQuota)), null)
    {
        ReceivedAt = context.Now.ToUnixTimeSeconds(),
    };

    // The message is stored: what goes wrong from here on is ours alone.
    private async ValueTask<Refusal?> LearnAsync(ReceiveContext context, CancellationToken cancel)
    {
        try
        {
            if (context.Traps > 0) await TrapAsync(context);
            if (context.Transaction.Client.Login is { } login) LearnCorrespondents(new(login.Account), context);
            else if (Filters.Reports is { } reports && context.Recipients.Exists(TakesReports)) await reports.ReadAsync(context.Body, context.Parts, cancel);
        }
        catch (Exception e)
        {
            log.StepSkipped(e, context.Id, "learning");
        }
        return null;
    }

    private Task TrapAsync(ReceiveContext context)
    {
        var transaction = context.Transaction;
        var input = new SpamInput
        {
            Body = context.Body,
            Root = context.Parts,
            Auth = context.Auth,
            Client = context.Sender,
            Sender = transaction.Sender.Address,
            IsInternal = transaction.Client.Origin.IsInternal,
        };
        // Its words are written to the disk.
        return Task.Run(() => Filters.Traps?.Caught(input, System.Text.Encoding.ASCII.GetBytes(context.Id), transaction.Client.Origin.Kind), CancellationToken.None);
    }

    private bool TakesReports(ResolvedRecipient recipient)
    {
        var local = recipient.Recipient.LocalPart.Split(AddressTable.DetailSeparator)[0];
        return IsPostmaster(local) || Filters.ReportAddresses().Contains($"{local}@{recipient.Recipient.Domain}".ToLowerInvariant());
    }

    private void LearnCorrespondents(AccountId account, ReceiveContext context)
    {
        if (Filters.Correspondents is not { } correspondents) return;
        correspondents.WroteTo(account, context.Recipients.Select(r => r.Shown), context.Rendered.MessageId.Length > 0 ? [context.Rendered.MessageId] : []);
    }
}
