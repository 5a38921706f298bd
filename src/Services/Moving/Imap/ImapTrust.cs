using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Aviso.Net;

namespace Aviso.Moving;

/// <summary>Whether the source is who it says it is.</summary>
internal static class ImapTrust
{
    /// <summary>Null: it is.</summary>
    public static string? WhyNot(ImapPlace place, X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null) return "it shows none";
        var own = new X509Certificate2(certificate);
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return $"it is for {Names(own)}, not for {place.Host}";
        using var chain = new X509Chain { ChainPolicy = Authorities.Policy(place.Authorities) };
        if (sent is not null)
            foreach (var element in sent.ChainElements) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        if (chain.Build(own)) return null;
        return string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct(StringComparer.Ordinal))
            + $" (issued by {own.Issuer})";
    }

    private static string Names(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension =>
            extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString()))).Take(5).ToList();
        return names.Count > 0 ? string.Join(", ", names) : certificate.Subject;
    }
}

/// <summary>What went wrong between us and the source, for people.</summary>
internal static class ImapTrouble
{
    /// <param name="distrust">Why its certificate was not believed; null: it was.</param>
    /// <param name="said">What the server said last.</param>
    public static string Told(ImapPlace place, Exception e, string? distrust, string said) => e switch
    {
        _ when distrust is not null => $"the certificate of {place.Address} is not trusted: {distrust}. --ca FILE names the authorities that "
            + "count instead of the system's",
        MailKit.Security.AuthenticationException => $"{place.Address} refuses the login of {place.User}: {(said.Length > 0 ? said : e.Message)}",
        MailKit.Security.SslHandshakeException => $"no TLS with {place.Address}: {Innermost(e).Message}"
            + (place.Tls == ImapTls.Implicit ? ". Say --tls starttls when TLS begins later there" : ""),
        NotSupportedException => $"{place.Address} offers no STARTTLS, and nothing is said without TLS unless --tls none says so",
        System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.HostNotFound
            or System.Net.Sockets.SocketError.NoData or System.Net.Sockets.SocketError.TryAgain } =>
            $"there is no host {place.Host}: {e.Message}",
        System.Net.Sockets.SocketException => $"{place.Address} cannot be reached: {e.Message}",
        TimeoutException => $"{place.Address} does not answer",
        _ when said.StartsWith("BYE", StringComparison.Ordinal) => $"{place.Address} ended the connection: {said}",
        _ => $"the connection with {place.Address} was lost: {Innermost(e).Message}",
    };

    private static Exception Innermost(Exception e) => e is AggregateException or { InnerException: not null }
        && e.InnerException is { } inner ? Innermost(inner) : e;
}
