using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Spam;
using Aviso.Trace;

namespace Aviso.Delivery;

/// <summary>What the trace is told of a message when the steps are done: its header, every check, and every fate.</summary>
internal static class ReceiveTrace
{
    private const int MostRules = 6, MostSignatures = 5;

    public static void Tell(ReceiveContext context, List<Refusal?> results, TimeSpan took, DateTimeOffset now)
    {
        if (context.Told.Begin(context.Id, context.Recipients) is not { } entry) return;
        if (context.HasHeader) Header(entry, context);
        if (context.Auth is { } auth) Checks(entry, auth, context.Now);
        if (context.Spam is { } spam) Judged(entry, context, spam);
        foreach (var step in context.Skipped) entry.Event(TraceKind.StepSkipped, context.Now).With(TraceField.Step, step);
        foreach (var (account, plan) in context.Sorted)
            foreach (var letter in plan.Letters)
                entry.Event(TraceKind.Script, context.Now).With(TraceField.Account, account.ToString()).With(TraceField.Action, letter.Kind)
                    .With(TraceField.To, letter.To.Count > 0 ? letter.To[0] : null);
        foreach (var share in context.Fates.Shares) Fate(entry, share, now);
        foreach (var (copy, recipient) in context.KeptCopies) Copy(entry, copy, recipient, now);
        foreach (var message in context.Messages) Queued(entry, message, now);
        Reply(entry, context, results, took, now);
        context.Told.Recorder!.Add(entry);
    }

    private static void Header(TraceEntry entry, ReceiveContext context)
    {
        var header = context.Header;
        entry.Event(TraceKind.Header, context.Now)
            .With(TraceField.MessageId, context.MessageId is { Length: > 0 } known ? known : header.MessageId)
            .With(TraceField.Author, header.Author).With(TraceField.Size, context.Body.Length);
        if (entry.KeepsSubject && !header.Subject.IsEmpty) entry.With(TraceField.Subject, HeaderText.Decode(header.Subject.Span));
    }

    private static void Checks(TraceEntry entry, AuthVerdict auth, DateTimeOffset at)
    {
        if (auth.Iprev.Result != IprevResult.None) Check("iprev", Word(auth.Iprev.Result), auth.Iprev.Name);
        Check("spf", Word(auth.Spf.Result), auth.Spf.Domain);
        for (var i = 0; i < Math.Min(auth.Dkim.Count, MostSignatures); i++)
            Check("dkim", Word(auth.Dkim[i].Result), auth.Dkim[i].Domain).With(TraceField.Selector, auth.Dkim[i].Selector);
        var dmarc = Check("dmarc", Word(auth.Dmarc.Result), auth.FromDomain);
        if (auth.Dmarc.Record is not null) dmarc.With(TraceField.Action, Word(auth.Disposition ?? auth.Dmarc.Policy));
        if (auth.Arc.Instance > 0) Check("arc", Word(auth.Arc.Result), auth.Arc.Sealers.Count > 0 ? auth.Arc.Sealers[^1] : "");

        TraceEntry Check(string method, string result, string domain) => entry.Event(TraceKind.Authentication, at)
            .With(TraceField.Method, method).With(TraceField.Result, result).With(TraceField.Domain, domain);
    }

    private static void Judged(TraceEntry entry, ReceiveContext context, SpamVerdict spam)
    {
        var action = context.IsTagged && spam.Action == SpamAction.Accept ? SpamAction.Tag : spam.Action;
        entry.Event(TraceKind.Judged, context.Now).With(TraceField.Action, Word(action)).With(TraceField.Score, spam.Score)
            .With(TraceField.Required, spam.Required).With(TraceField.Result, spam.Virus);
        // The strongest few, without sorting them all.
        Span<int> top = stackalloc int[MostRules];
        var count = 0;
        for (var i = 0; i < spam.Symbols.Count; i++)
        {
            var points = Math.Abs(spam.Symbols[i].Score);
            if (points == 0) continue;
            var at = count;
            while (at > 0 && Math.Abs(spam.Symbols[top[at - 1]].Score) < points) at--;
            if (at == MostRules) continue;
            if (count < MostRules) count++;
            for (var k = count - 1; k > at; k--) top[k] = top[k - 1];
            top[at] = i;
        }
        Span<char> text = stackalloc char[96];
        foreach (var rule in top[..count])
        {
            var (name, score, _) = spam.Symbols[rule];
            if (text.TryWrite(System.Globalization.CultureInfo.InvariantCulture, $"{name} {score:0.##}", out var length))
                entry.With(TraceField.Rule, text[..length]);
        }
        foreach (var skipped in spam.Skipped) entry.With(TraceField.Step, skipped);
    }

    private static void Fate(TraceEntry entry, Share share, DateTimeOffset now)
    {
        var account = share.Arrival?.Target.Account.ToString();
        if (share.IsTrap) Event(TraceKind.Trapped);
        if (share.IsDiscarded) Event(TraceKind.Discarded);
        if (share.Rejection is not null) Event(TraceKind.Script).With(TraceField.Action, "reject");
        if (share.Onward.Count > 0) Event(TraceKind.Script).With(TraceField.Action, "redirect").With(TraceField.Count, share.Onward.Count);
        foreach (var copy in share.Copies.Where(c => c.IsStored || !share.Copies.Any(r => r.IsStored && r.Mailbox == c.Mailbox)))
            Copy(entry, copy, share.For, now);
        if (share.IsTold)
            Event(TraceKind.NotFiled).With(TraceField.Reason, share.No?.Reason.Word).With(TraceField.Action, "bounce");

        TraceEntry Event(TraceKind kind) =>
            entry.Event(kind, now).With(TraceField.Account, account).With(TraceField.Recipient, share.For.Shown);
    }

    private static void Copy(TraceEntry entry, PlannedCopy copy, ResolvedRecipient recipient, DateTimeOffset now)
    {
        // One that was not tried is of a message that was refused as a whole.
        if (copy.Error is not { } error) return;
        entry.Event(copy.IsStored ? TraceKind.Filed : TraceKind.NotFiled, now).With(TraceField.Account, copy.Target.Account.ToString())
            .With(TraceField.Recipient, recipient.Shown).With(TraceField.Folder, copy.Mailbox);
        if (copy.Entry is { } stored) entry.With(TraceField.Uid, stored.Uid).With(TraceField.Email, stored.Email.ToString());
        else entry.With(TraceField.Cause, error.ToString());
        foreach (var keyword in copy.Keywords) entry.With(TraceField.Keywords, keyword);
    }

    private static void Queued(TraceEntry entry, PlannedMessage message, DateTimeOffset now)
    {
        if (message.Queue is not { } queue || message.QueueId is not { } id) return;
        foreach (var recipient in queue.Recipients)
            entry.Event(TraceKind.Queued, now).With(TraceField.Queue, id.ToString()).With(TraceField.Recipient, recipient.Address)
                .With(TraceField.Destination, recipient.Destination)
                // Where an alias leads is not the sender's to know.
                .With(TraceField.Account, message.IsForward ? null : queue.Account?.ToString());
    }

    private static void Reply(TraceEntry entry, ReceiveContext context, List<Refusal?> results, TimeSpan took, DateTimeOffset now)
    {
        if (results.Contains(null))
            entry.Event(TraceKind.Accepted, now).With(TraceField.Took, (long)took.TotalMilliseconds);
        // LMTP answers for each recipient, SMTP once for all.
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i] is not { } no || (!context.IsLmtp && i > 0)) continue;
            entry.Event(TraceKind.Refused, now);
            if (context.IsLmtp) entry.With(TraceField.Recipient, context.Recipients[i].Shown);
            TransactionTrace.With(entry, no);
        }
    }

    private static string Word<T>(T word) where T : struct, Enum => Words<T>.Of(word);

    // Enums of a few numbers from 0: a word for each, made once.
    private static class Words<T> where T : struct, Enum
    {
        private static readonly Dictionary<T, string> Known =
            Enum.GetValues<T>().ToDictionary(v => v, v => v.ToString().ToLowerInvariant());

        public static string Of(T word) => Known[word];
    }
}
