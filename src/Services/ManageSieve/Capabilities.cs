using Aviso.Net;
using Aviso.Sieve;

namespace Aviso.ManageSieve;

/// <summary>RFC 5804 §1.7: what CAPABILITY, the greeting and the end of STARTTLS say.</summary>
internal static class Capabilities
{
    public static void Write(ManageSieveSession session)
    {
        var w = session.Writer;
        Line(w, "IMPLEMENTATION", session.Options.Implementation);
        Line(w, "SASL", string.Join(' ', Mechanisms(session)));
        var extensions = session.Server.Sieve.Extensions ?? SieveCompiler.Extensions;
        Line(w, "SIEVE", string.Join(' ', extensions));
        // RFC 6134: the URI schemes of lists.
        if (extensions.Contains("extlists")) Line(w, "EXTLISTS", "urn");
        if (SieveCompiler.NotifyMethods.Count > 0) Line(w, "NOTIFY", string.Join(' ', SieveCompiler.NotifyMethods));
        Line(w, "MAXREDIRECTS", session.Options.MaxRedirects.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (session.Connection is { Tls: null, CanStartTls: true } && !session.LoggedIn) w.String("STARTTLS").Line();
        if (session.Who is { } who)
        {
            w.String("UNAUTHENTICATE").Line();
            Line(w, "OWNER", who.Address);
        }
        Line(w, "LANGUAGE", "en");
        Line(w, "VERSION", "1.0");
    }

    private static void Line(ResponseWriter writer, string name, string value) => writer.String(name).Bytes(" "u8).String(value).Line();

    /// <summary>RFC 5804 §1.7 lets the list be empty only when STARTTLS is offered: no password in the clear, except from networks the
    /// administrator named.</summary>
    public static IReadOnlyList<string> Mechanisms(ManageSieveSession session) =>
        MayLogIn(session) ? SaslServer.Offered(session.Connection, session.Server.Authenticator) : [];

    public static bool MayLogIn(ManageSieveSession session) =>
        session.Connection.Tls is not null || session.Connection.Origin.ClearLoginAllowed;
}
