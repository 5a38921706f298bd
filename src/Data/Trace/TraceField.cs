namespace Aviso.Trace;

/// <summary>What evidence an event can have: the closed catalogue. Frozen: the numbers are on disk.</summary>
public enum TraceField : byte
{
    /// <summary>Id of the trace: that of the 250 reply and of our Received field.</summary>
    Id = 1,

    /// <summary>Id in the queue.</summary>
    Queue = 2,

    /// <summary>EMAILID (RFC 8474).</summary>
    Email = 3,

    /// <summary>Without angle brackets.</summary>
    MessageId = 4,

    /// <summary>The account that the event belongs to, by id.</summary>
    Account = 5,

    /// <summary>IP address of the peer.</summary>
    Client = 6,

    Helo = 7,

    /// <summary>Listener: smtp, submission, imap, webmail and so on.</summary>
    Protocol = 8,

    Tls = 9,

    /// <summary>Who is logged in, and by which app password.</summary>
    Login = 10,

    Sender = 11,

    Recipient = 12,

    /// <summary>Author of the header's From.</summary>
    Author = 13,

    Subject = 14,

    /// <summary>Octets.</summary>
    Size = 15,

    /// <summary>A word of the closed catalogue of reasons (Base.Reason).</summary>
    Reason = 16,

    /// <summary>What was said in the protocol: ours, or of the other server.</summary>
    Reply = 17,

    /// <summary>For the administrator: why.</summary>
    Cause = 18,

    /// <summary>spf, dkim, dmarc, arc, iprev.</summary>
    Method = 19,

    Result = 20,

    Domain = 21,

    Selector = 22,

    Score = 23,

    Required = 24,

    /// <summary>Name and points of a rule; the strongest first.</summary>
    Rule = 25,

    Action = 26,

    Folder = 27,

    Uid = 28,

    Destination = 29,

    /// <summary>The enhanced status code (RFC 3463).</summary>
    Status = 30,

    /// <summary>Flags that were set.</summary>
    Set = 31,

    /// <summary>Flags that were taken away.</summary>
    Unset = 32,

    /// <summary>The program that did it: what IMAP ID or the browser says.</summary>
    Program = 33,

    /// <summary>Mailbox that it came from.</summary>
    From = 34,

    /// <summary>Who is written to.</summary>
    To = 35,

    Step = 36,

    /// <summary>So many times.</summary>
    Count = 37,

    /// <summary>Milliseconds.</summary>
    Took = 38,

    /// <summary>Keywords that a copy carries.</summary>
    Keywords = 39,
}

/// <summary>What holds for each field.</summary>
public static class TraceFieldRules
{
    private static readonly string[] Words = [.. Enumerable.Range(0, 256).Select(n => Make((TraceField)n))];

    /// <summary>In JSON: <c>message_id</c>.</summary>
    public static string Word(TraceField field) => Words[(byte)field];

    /// <summary>A trace is found by it, whole.</summary>
    public static bool IsKey(TraceField field) => field is TraceField.Id or TraceField.Queue or TraceField.Email or TraceField.MessageId
        or TraceField.Account or TraceField.Client or TraceField.Sender or TraceField.Recipient or TraceField.Author;

    /// <summary>A mail address: a trace is found by its domain too.</summary>
    public static bool IsAddress(TraceField field) => field is TraceField.Sender or TraceField.Recipient or TraceField.Author;

    /// <summary>Events with the same one are about the same message.</summary>
    public static bool Joins(TraceField field) => field is TraceField.Id or TraceField.Queue or TraceField.Email;

    /// <summary>May be shown to whoever has a link: no address, no name of a host or person, no subject.</summary>
    public static bool IsSafe(TraceField field) => field is TraceField.Tls or TraceField.Size or TraceField.Reason or TraceField.Method
        or TraceField.Result or TraceField.Score or TraceField.Required or TraceField.Action or TraceField.Status or TraceField.Count;

    private static string Make(TraceField field)
    {
        var text = new System.Text.StringBuilder();
        foreach (var letter in field.ToString())
        {
            if (char.IsUpper(letter) && text.Length > 0) text.Append('_');
            text.Append(char.ToLowerInvariant(letter));
        }
        return text.ToString();
    }
}
