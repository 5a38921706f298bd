using Aviso.Base;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Trace;

namespace Aviso.Delivery;

/// <summary>What the trace is told of a transaction before its message is whole: who came, whom it named, who was refused.</summary>
internal sealed class TransactionTrace(TraceRecorder? recorder, MailTransaction transaction, DateTimeOffset began)
{
    // An alias may lead to thousands.
    private const int MostAccounts = 50;

    private List<(MailRecipient Recipient, Refusal Why, DateTimeOffset At)>? _refused;

    public TraceRecorder? Recorder => recorder;

    public void Refused(MailRecipient recipient, Refusal why, DateTimeOffset at)
    {
        if (recorder is not null) (_refused ??= []).Add((recipient, why, at));
    }

    /// <summary>An entry with all of it; null when nothing is recorded.</summary>
    public TraceEntry? Begin(string id, IReadOnlyList<ResolvedRecipient> recipients)
    {
        if (recorder?.Begin(began) is not { } entry) return null;
        Connected(entry, transaction.Client, id);
        entry.Event(TraceKind.Mail).With(TraceField.Sender, Sender(transaction));
        foreach (var recipient in recipients)
        {
            entry.Event(TraceKind.RecipientAccepted).With(TraceField.Recipient, recipient.Shown);
            for (var i = 0; i < Math.Min(recipient.Local.Count, MostAccounts); i++)
                entry.With(TraceField.Account, recipient.Local[i].Account.ToString());
        }
        foreach (var (recipient, why, at) in _refused ?? [])
            With(entry.Event(TraceKind.RecipientRefused, at).With(TraceField.Recipient, recipient.Address.Wire), why);
        return entry;
    }

    /// <summary>It ended without a message. Of one that named nobody nothing is told.</summary>
    /// <param name="said">The last reply about it; empty when the client went.</param>
    public void End(string id, IReadOnlyList<ResolvedRecipient> recipients, string said, DateTimeOffset at)
    {
        if (recipients.Count == 0 && _refused is null) return;
        if (Begin(id, recipients) is not { } entry) return;
        // Nobody was left to send to: the refusals are the end of it.
        if (said.Length > 0) entry.Event(TraceKind.Refused, at).With(TraceField.Reply, said);
        else if (recipients.Count > 0) entry.Event(TraceKind.GivenUp, at);
        recorder!.Add(entry);
    }

    /// <summary>MAIL was refused.</summary>
    public static void Refused(TraceRecorder? recorder, MailTransaction transaction, Refusal why, string id, DateTimeOffset at)
    {
        if (recorder?.Begin(at) is not { } entry) return;
        Connected(entry, transaction.Client, id);
        With(entry.Event(TraceKind.SenderRefused).With(TraceField.Sender, Sender(transaction)), why);
        recorder.Add(entry);
    }

    public static TraceEntry With(TraceEntry entry, Refusal why) => entry.With(TraceField.Reason, why.Reason.Word)
        .With(TraceField.Reply, why.ToString()).With(TraceField.Status, why.Enhanced.ToString()).With(TraceField.Cause, why.Detail);

    private static void Connected(TraceEntry entry, SmtpClientInfo client, string id)
    {
        entry.Event(TraceKind.Connected).With(TraceField.Id, id).With(TraceField.Client, client.Origin.Remote.Address)
            .With(TraceField.Helo, client.Helo).With(TraceField.Protocol, ListenerKinds.Name(client.Origin.Kind))
            .With(TraceField.Tls, client.Tls?.Protocol);
        if (client.Login is not { } login) return;
        entry.With(TraceField.Login, login.Scope is { Name.Length: > 0 } scope ? $"{login.Address} ({scope.Name})" : login.Address)
            .With(TraceField.Account, IdText.Format(login.Account));
    }

    private static string Sender(MailTransaction transaction) => transaction.Sender.IsNull ? "<>" : transaction.Sender.Address.Wire;
}
