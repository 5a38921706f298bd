using Aviso.Net;

namespace Aviso.Pop3;

/// <summary>RFC 2449 §5: what CAPA says.</summary>
internal static class Capabilities
{
    public static IEnumerable<string> Of(Pop3Session session)
    {
        yield return "TOP";
        yield return "UIDL";
        yield return "RESP-CODES";
        // RFC 3206 §6
        yield return "AUTH-RESP-CODE";
        yield return "PIPELINING";
        // RFC 2449 §6.7: what was fetched is kept until its owner removes it.
        yield return "EXPIRE NEVER";
        // RFC 6856 §2.2: names and passwords may be UTF-8.
        yield return "UTF8 USER";
        yield return "LANG";
        if (MayLogIn(session))
        {
            yield return "USER";
            yield return "SASL " + string.Join(' ', Mechanisms(session));
        }
        if (session.Connection is { Tls: null, CanStartTls: true } && session.Drop is null) yield return "STLS";
        yield return "IMPLEMENTATION " + session.Server.Options.Implementation;
    }

    public static IReadOnlyList<string> Mechanisms(Pop3Session session) =>
        SaslServer.Offered(session.Connection, session.Server.Authenticator);

    /// <summary>No password in the clear, except from networks the administrator named.</summary>
    public static bool MayLogIn(Pop3Session session) =>
        session.Connection.Tls is not null || session.Connection.Origin.ClearLoginAllowed;
}
