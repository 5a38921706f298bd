using Aviso.Base;
using Aviso.Net;
using Aviso.Smtp;

namespace Aviso.Guard;

/// <summary>Answers the SMTP sessions: the rates of strangers, and what their refused recipients and their spam say about them.</summary>
public sealed class SmtpGuard(Gatekeeper gate) : ISmtpGuard
{
    private static readonly Refusal TooManyMessages =
        new(450, new(4, 7, 1), "Too many messages from your address, try again later", Reason.Rate, "messages a minute");

    private static readonly Refusal TooManyRecipients =
        new(450, new(4, 7, 1), "Too many recipients from your address, try again later", Reason.Rate, "recipients a minute");

    public TimeSpan GreetingPause(WireOrigin origin) => gate.PauseFor(origin.Kind, origin.Remote.Address);

    public bool AllowsCommand(WireOrigin origin) => gate.Allows(ClientRate.Commands, origin.Kind, origin.Remote.Address);

    public Refusal? CheckMessage(SmtpClientInfo client) =>
        IsStranger(client) && !gate.Allows(ClientRate.Messages, client.Origin.Kind, client.Origin.Remote.Address) ? TooManyMessages : null;

    public Refusal? CheckRecipient(SmtpClientInfo client) =>
        IsStranger(client) && !gate.AllowsRecipient(client.Origin.Kind, client.Origin.Remote.Address) ? TooManyRecipients : null;

    public void RecipientRefused(SmtpClientInfo client, Refusal why)
    {
        if (IsStranger(client) && why is { IsPermanent: true, Reason.IsEvidence: true })
            gate.RefusedRecipient(client.Origin.Kind, client.Origin.Remote.Address, why.Reason);
    }

    public void Received(SmtpClientInfo client, ReceiveResult result)
    {
        if (!IsStranger(client)) return;
        if (result.Recipients is [{ Reason: var reason }, ..] && reason == Reason.Spam)
            gate.Report(new(client.Origin.Kind, client.Origin.Remote.Address, reason));
        else if (!result.IsTagged && result.Recipients.Contains(null)) gate.Delivered(client.Origin.Remote.Address);
    }

    private static bool IsStranger(SmtpClientInfo client) => client is { Login: null, Origin.Kind: not ListenerKind.Lmtp };
}
