using Aviso.Base;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>
/// Policy towards clients, asked and told by the sessions of a server; Guard answers. It is told of everybody and knows itself who is a
/// stranger. Every answer comes at once and from memory.
/// </summary>
public interface ISmtpGuard
{
    /// <summary>How long a client has to be silent before it is greeted (RFC 5321 §4.3.1); zero: greet at once.</summary>
    TimeSpan GreetingPause(WireOrigin origin);

    /// <summary>One more command; false ends the session with 421.</summary>
    bool AllowsCommand(WireOrigin origin);

    /// <summary>One more message, at MAIL: the no, or null.</summary>
    Refusal? CheckMessage(SmtpClientInfo client);

    /// <summary>One more recipient, before anybody looks whether there is such a one: the no, or null.</summary>
    Refusal? CheckRecipient(SmtpClientInfo client);

    /// <summary>The receiver refused a recipient.</summary>
    void RecipientRefused(SmtpClientInfo client, Refusal why);

    /// <summary>The receiver took a message, or refused it after its data.</summary>
    void Received(SmtpClientInfo client, ReceiveResult result);
}

/// <summary>Nobody stands before the server: LMTP of a neighbour, tests.</summary>
internal sealed class NoGuard : ISmtpGuard
{
    public static readonly NoGuard Instance = new();

    public TimeSpan GreetingPause(WireOrigin origin) => TimeSpan.Zero;

    public bool AllowsCommand(WireOrigin origin) => true;

    public Refusal? CheckMessage(SmtpClientInfo client) => null;

    public Refusal? CheckRecipient(SmtpClientInfo client) => null;

    public void RecipientRefused(SmtpClientInfo client, Refusal why)
    {
        // Nobody minds.
    }

    public void Received(SmtpClientInfo client, ReceiveResult result)
    {
        // Nobody minds.
    }
}
