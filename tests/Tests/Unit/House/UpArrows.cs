namespace Aviso.Tests.Unit.House;

/// <summary>Arrows that close a circle between rooms of one subject, each with what makes it. The list only gets shorter.</summary>
internal static class UpArrows
{
    public static readonly Dictionary<string, string> All = new(StringComparer.Ordinal)
    {
        ["Accounts/Addresses -> Accounts/Passwords"] = "the list of declared accounts carries their credentials",
        ["Delivery/Outbound -> Delivery/Queue"] = "dials that the guard refused are counted by the queue's meters",
        ["Delivery/Reports -> Delivery/Receive"] = "reports are read with the reader of received mail",
        ["Delivery/Scripts -> Delivery/Receive"] = "a script's copy is written with the trace fields of what was received",
        ["Delivery/Sending -> Delivery/Queue"] = "the gate asks what leaves and what stays",
        ["Delivery/Sending -> Delivery/Receive"] = "the gate stands on the way of received mail and is told its parts",
        ["Delivery/Tls -> Delivery/Outbound"] = "a policy is fetched over the dial that mail uses",
        ["Delivery/Tls -> Delivery/Queue"] = "dials that the guard refused are counted by the queue's meters",
        ["Delivery/Tls -> Delivery/Reports"] = "what a session showed is counted for the report of the day",
        ["Guard/Decisions -> Guard/CrowdSec"] = "a former owner's decisions are dropped from the book",
        ["Guard/Decisions -> Guard/Limits"] = "who is proven is written with the decisions",
        ["Imap/Grammar -> Imap/Commands"] = "APPEND is asked whether it may, before its literal is read (RFC 9051 §6.3.12)",
        ["Imap/Grammar -> Imap/Search"] = "the grammar makes the keys that a search runs",
        ["Imap/Session -> Imap/Commands"] = "a session runs commands, and NOTIFY fetches for itself",
        ["Imap/Session -> Imap/Grammar"] = "a session reads its commands",
        ["Imap/Session -> Imap/Search"] = "a session tells what of a kept search has changed (RFC 5267)",
        ["Imap/Session -> Imap/Names"] = "a session sees the mailboxes of its login's scope",
        ["Mime/Headers -> Mime/Addresses"] = "the writer of header fields knows addresses",
        ["Mime/Headers -> Mime/Parts"] = "Content-* fields fill the part that they describe",
        ["Net/Listen -> Net/Lines"] = "a connection of ours that is ended is noted as sessions of lines note a refusal",
        ["Net/Sasl -> Net/Listen"] = "a login is asked with the kind of listener it came from",
        ["Net/Tls -> Net/Acme"] = "a handshake may be an authority's challenge (RFC 8737)",
        ["Net/Tls -> Net/Listen"] = "failed handshakes are counted by the meters of connections",
        ["Spam/Archives -> Spam/Checks"] = "what is packed is judged by its name as an attachment is",
        ["Spam/Content -> Spam/Checks"] = "an attachment says what its name makes of it",
        ["Spam/Reputation -> Spam/Checks"] = "who is known is a mark that checks read",
        ["Spam/Office -> Spam/Checks"] = "what is packed in a document is judged by its name as an attachment is",
        ["Store/Blobs -> Store/Commit"] = "the journal writes down the lines of a commit",
        ["Store/Commit -> Store/Sqlite"] = "rows are written over the connection, which stands beside the store",
        ["Store/Judging -> Store/Sqlite"] = "a database is judged over the same connection that serves it",
        ["Store/Search -> Store/Sqlite"] = "the index is a database of the same kind",
    };
}
