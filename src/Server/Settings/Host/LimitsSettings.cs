using Aviso.Delivery;
using Aviso.Imap;
using Aviso.Jmap;
using Aviso.Smtp;

namespace Aviso.Settings;

public sealed class LimitsSection : SettingsSection
{
    internal static readonly Table<LimitsSection> Table = new("What one client or one message may use.");

    public Rate Connections => Get(ConnectionsKey);

    private static readonly Key<Rate> ConnectionsKey = new(Table, "connections", Types.Rate, new(10, TimeSpan.FromMinutes(1)),
        "New connections of one stranger (IPv4 address or IPv6 /64) on kind smtp; on all kinds for logins together twelve times as many, and ten times that "
        + "for who has just logged in. Its whole network (IPv4 /24 or IPv6 /48) may make ten times as many as one stranger. Internal networks and relays are exempt.")
    { Example = "20/min" };

    public Rate Messages => Get(MessagesKey);

    private static readonly Key<Rate> MessagesKey = new(Table, "messages", Types.Rate, new(30, TimeSpan.FromMinutes(1)),
        "Messages of one stranger on kind smtp; internal networks and relays are exempt.")
    { Example = "60/min" };

    public Rate Commands => Get(CommandsKey);

    private static readonly Key<Rate> CommandsKey = new(Table, "commands", Types.Rate, new(3000, TimeSpan.FromMinutes(1)),
        "Commands of one stranger on kind smtp, all its connections together.")
    { Example = "1000/min" };

    public Rate ClientRecipients => Get(ClientRecipientsKey);

    private static readonly Key<Rate> ClientRecipientsKey = new(Table, "client_recipients", Types.Rate, new(1000, TimeSpan.FromMinutes(1)),
        "Recipients that one stranger names on kind smtp, taken or not.")
    { Example = "200/min" };

    public Rate RefusedRecipients => Get(RefusedRecipientsKey);

    private static readonly Key<Rate> RefusedRecipientsKey = new(Table, "refused_recipients", Types.Rate, new(60, TimeSpan.FromMinutes(1)),
        "After so many recipients refused for good a stranger gets no answer about more of them for a while.")
    { Example = "20/min" };

    /// <summary>Zero: none.</summary>
    public TimeSpan GreetingPause => Get(GreetingPauseKey);

    private static readonly Key<TimeSpan> GreetingPauseKey = new(Table, "greeting_pause", Types.Duration, TimeSpan.FromSeconds(1),
        "How long a stranger on kind smtp that never delivered a message is left waiting for the greeting; who talks meanwhile is refused "
        + "and counts as an early talker. 0s: greet at once.")
    { Example = "0s" };

    /// <summary>Octets.</summary>
    public long MessageSize => Get(MessageSizeKey);

    private static readonly Key<long> MessageSizeKey = new(Table, "message_size", Types.Size, 200L << 20,
        "The largest message taken, in and out.")
    { AfterRestart = true, Example = "50MB" };

    public int Recipients => Get(RecipientsKey);

    private static readonly Key<int> RecipientsKey = new(Table, "recipients", Types.Number(100, 100_000), 1000,
        "Recipients of one message (RFC 5321 section 4.5.3.1.8: at least 100).")
    { AfterRestart = true, Example = "500" };

    public int ImapPerUserAndAddress => Get(ImapPerUserAndAddressKey);

    private static readonly Key<int> ImapPerUserAndAddressKey = new(Table, "imap_per_user_and_address", Types.Number(1, 100_000), 50,
        "IMAP connections of one user from one address.")
    { AfterRestart = true, Example = "20" };

    public int ConnectionsAtOnce => Get(ConnectionsAtOnceKey);

    private static readonly Key<int> ConnectionsAtOnceKey = new(Table, "connections_at_once", Types.Number(1, 1_000_000), 50,
        "Connections of one client at once on one listener; internal networks are exempt.")
    { AfterRestart = true, Example = "100" };

    public int ConnectionsPerListener => Get(ConnectionsPerListenerKey);

    private static readonly Key<int> ConnectionsPerListenerKey = new(Table, "connections_per_listener", Types.Number(10, 1_000_000), 5000,
        "Connections at once on one listener, all clients together.")
    { AfterRestart = true, Example = "1000" };
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class LimitsMapping
{
    public static SmtpServerOptions Smtp(ServerSettings settings) => new()
    {
        HostName = settings.HostName,
        MessageSize = settings.Limits.MessageSize,
        Recipients = settings.Limits.Recipients,
    };

    public static ImapOptions Imap(ServerSettings settings) => new()
    {
        HostName = settings.HostName,
        MessageSize = settings.Limits.MessageSize,
        SessionsPerUserAndAddress = settings.Limits.ImapPerUserAndAddress,
        JmapSession = ListenersMapping.Https(settings) is { } origin ? origin + JmapPaths.Session : null,
    };

    public static ReceiveOptions Receive(ServerSettings settings) => new()
    {
        HostName = settings.HostName,
        MessageSize = settings.Limits.MessageSize,
        OutsideMailbox = settings.Outbound.Capture,
    };
}
