using System.Net.Sockets;
using MailKit.Net.Imap;
using MailKit.Security;

namespace Aviso.Moving;

/// <summary>What went wrong between us and the source, for people.</summary>
internal static class ImapTrouble
{
    /// <param name="distrust">Why its certificate was not believed; null: it was.</param>
    /// <param name="said">What the server said last.</param>
    public static string Told(ImapPlace place, Exception e, string? distrust, string said) => e switch
    {
        _ when distrust is not null => $"the certificate of {place.Address} is not trusted: {distrust}. --ca FILE names the "
            + "authorities that count instead of the system's",
        AuthenticationException => $"{place.Address} refuses the login of {place.User}: {(said.Length > 0 ? said : e.Message)}",
        SslHandshakeException => $"no TLS with {place.Address}: {Innermost(e).Message}"
            + (place.Tls == ImapTls.Implicit ? ". Say --tls starttls when TLS begins later there" : ""),
        NotSupportedException => $"{place.Address} offers no STARTTLS, and nothing is said without TLS unless --tls none says so",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } =>
            $"there is no host {place.Host}: {e.Message}",
        SocketException => $"{place.Address} cannot be reached: {e.Message}",
        ImapCommandException => $"{place.Address} says {(said.Length > 0 ? said : e.Message)}",
        TimeoutException => $"{place.Address} does not answer",
        _ when said.StartsWith("BYE", StringComparison.Ordinal) => $"{place.Address} ended the connection: {said}",
        _ => $"the connection with {place.Address} was lost: {Innermost(e).Message}",
    };

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;
}
