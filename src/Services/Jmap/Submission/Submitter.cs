using System.Net;
using Aviso.Base;
using Aviso.Net;
using Aviso.Smtp;

namespace Aviso.Jmap;

/// <summary>What came of handing in: the message's id in the log, or why not.</summary>
/// <param name="IsTemporary">It may be taken later.</param>
internal sealed record Submitted(string Id, SetError? Error, bool IsTemporary = false);

/// <summary>
/// Hands messages to the receiver that submission over SMTP hands them to: who may send as whom, limits, signatures and the queue are its
/// matter (RFC 6409).
/// </summary>
/// <param name="mostOctets">Of a message.</param>
internal sealed class Submitter(IMailReceiver receiver, IdSource ids, int mostRecipients, long mostOctets)
{
    private const string Protocol = "HTTP";

    public long MostOctets => mostOctets;

    /// <summary>Would the envelope be taken; null when it would.</summary>
    public async Task<SetError?> TryAsync(
        JmapUser user, SubmissionEnvelope envelope, SubmissionParameters parameters, CancellationToken cancel) =>
        (await OpenAsync(user, envelope, parameters, cancel)).Error;

    /// <param name="write">Writes the message.</param>
    public async Task<Submitted> SendAsync(
        JmapUser user, SubmissionEnvelope envelope, SubmissionParameters parameters, Action<SpooledBody> write, CancellationToken cancel)
    {
        var (receiving, error, isTemporary) = await OpenAsync(user, envelope, parameters, cancel);
        if (receiving is null) return new("", error, isTemporary);
        var body = receiving.BeginBody();
        try
        {
            write(body);
            body.Settle();
        }
        catch
        {
            body.Dispose();
            throw;
        }
        var result = await receiving.FinishAsync(body, cancel);
        return result.Recipients.All(r => r is not null) && result.Recipients[0] is { } refusal
            ? new("", OfMessage(refusal), !refusal.IsPermanent) : new(result.Id, null);
    }

    private async Task<(IReceiving? Receiving, SetError? Error, bool IsTemporary)> OpenAsync(
        JmapUser user, SubmissionEnvelope envelope, SubmissionParameters parameters, CancellationToken cancel)
    {
        if (envelope.RcptTo.Count == 0) return No(new("noRecipients"));
        if (envelope.RcptTo.Count > mostRecipients) return No(TooMany());
        if (envelope.Invalid is { Count: > 0 } invalid) return No(Invalid(invalid, "these are no addresses"));
        if (!TrySender(envelope.MailFrom.Email, out var sender))
            return No(new("forbiddenMailFrom", $"{envelope.MailFrom.Email} is no address"));
        var transaction = new MailTransaction(ClientOf(user), sender, parameters.Mail);
        var begun = await receiver.BeginAsync(transaction, cancel);
        if (begun is Begun.Not not) return No(OfSender(not.Why), !not.Why.IsPermanent);
        var receiving = ((Begun.Open)begun).Receiving;
        var refused = new List<(string Address, Refusal Why)>();
        foreach (var to in envelope.RcptTo)
        {
            if (!MailAddress.TryParse(to.Email, out var address) || SubmissionParameters.Recipient(to, address) is not { } recipient)
                return No(SetError.InvalidProperty(
                    "envelope", $"rcptTo: the parameters of {to.Email} are not known here, or not with these values"));
            if (await receiving.AddAsync(recipient, cancel) is { } why) refused.Add((to.Email, why));
        }
        if (refused.Count == 0) return (receiving, null, false);
        receiving.End("");
        return No(refused.Any(r => r.Why.Reason == Reason.TooManyRecipients)
            ? TooMany() : Invalid([.. refused.Select(r => r.Address)], refused[0].Why.Text), refused.All(r => !r.Why.IsPermanent));
    }

    private static (IReceiving?, SetError?, bool) No(SetError why, bool isTemporary = false) => (null, why, isTemporary);

    // RFC 8098 §3: the null sender is everybody's.
    private static bool TrySender(string email, out ReversePath sender)
    {
        sender = ReversePath.Null;
        if (email.Length == 0) return true;
        if (!MailAddress.TryParse(email, out var address)) return false;
        sender = new(address);
        return true;
    }

    private SmtpClientInfo ClientOf(JmapUser user)
    {
        var origin = new WireOrigin(ListenerKind.Submission, new IPEndPoint(user.Client, 0), new IPEndPoint(IPAddress.Loopback, 0));
        var login = new Principal(user.Account.Value, user.Address) { Scope = user.Scope.Name.Length > 0 ? user.Scope : null };
        return new(IdText.Format(ids.Next()), origin, user.Client.ToString(), Protocol, null, login);
    }

    private static SetError OfSender(Refusal refusal) => refusal.Reason == Reason.SendAs
        ? new("forbiddenMailFrom", refusal.Text) : OfAnything(refusal);

    private SetError OfMessage(Refusal refusal)
    {
        if (refusal.Reason == Reason.SendAs) return new("forbiddenFrom", refusal.Text);
        if (refusal.Reason == Reason.Header) return new("invalidEmail", refusal.Text);
        return refusal.Reason == Reason.Size ? TooLarge() : OfAnything(refusal);
    }

    private static SetError OfAnything(Refusal refusal) => new("forbiddenToSend", refusal.Text);

    public SetError TooLarge() => new("tooLarge") { More = writer => writer.WriteNumber("maxSize"u8, mostOctets) };

    private SetError TooMany() => new("tooManyRecipients") { More = writer => writer.WriteNumber("maxRecipients"u8, mostRecipients) };

    private static SetError Invalid(IReadOnlyList<string> addresses, string why) => new("invalidRecipients", why)
    {
        More = writer => writer.WriteTexts("invalidRecipients"u8, addresses),
    };
}
