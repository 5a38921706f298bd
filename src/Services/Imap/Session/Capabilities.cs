using Aviso.Net;

namespace Aviso.Imap;

/// <summary>What CAPABILITY says in each state (RFC 9051 §7.2.2).</summary>
internal static class Capabilities
{
    private const string Base = "IMAP4rev2 IMAP4rev1 LITERAL+ SASL-IR ID ENABLE";

    private const string AfterLogin =
        " NAMESPACE CHILDREN IDLE UIDPLUS MOVE UNSELECT CONDSTORE QRESYNC ESEARCH SEARCHRES WITHIN SORT SORT=DISPLAY ESORT" +
        " THREAD=ORDEREDSUBJECT THREAD=REFERENCES SEARCH=FUZZY LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE" +
        " STATUS=SIZE MULTIAPPEND BINARY PREVIEW OBJECTID SAVEDATE QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE UTF8=ACCEPT METADATA REPLACE" +
        " NOTIFY PARTIAL UIDONLY CATENATE CONTEXT=SEARCH CONTEXT=SORT I18NLEVEL=1";

    public static void Write(ResponseWriter writer, ImapSession session) => writer.Text(AsText(session));

    /// <summary>capability-data: "CAPABILITY" and the list.</summary>
    public static string AsText(ImapSession session)
    {
        var limit = " APPENDLIMIT=" + session.Options.MessageSize;
        return "CAPABILITY " + Base + (session.LoggedIn
            ? AfterLogin + (session.Modes.Compressed ? "" : " COMPRESS=DEFLATE") + (session.JmapSession is null ? "" : " JMAPACCESS")
            : BeforeLogin(session)) + limit;
    }

    private static string BeforeLogin(ImapSession session)
    {
        var text = session.Connection is { Tls: null, CanStartTls: true } ? " STARTTLS" : "";
        if (!MayLogIn(session)) text += " LOGINDISABLED";
        foreach (var mechanism in Mechanisms(session)) text += " AUTH=" + mechanism;
        return text;
    }

    /// <summary>RFC 9051 §11.1: no password in the clear, except from networks the administrator named.</summary>
    public static bool MayLogIn(ImapSession session) =>
        session.Connection.Tls is not null || session.Connection.Origin.ClearLoginAllowed;

    public static IReadOnlyList<string> Mechanisms(ImapSession session) =>
        MayLogIn(session) ? SaslServer.Offered(session.Connection, session.Server.Authenticator) : [];
}
