using Aviso.Pop3;
using Aviso.Server;

namespace Aviso.Settings;

public sealed class Pop3Section : SettingsSection
{
    internal static readonly Table<Pop3Section> Table =
        new("POP3, for programs that fetch mail. Messages stay until a program removes them.");

    public string Uidl => Get(UidlKey);

    private static readonly Key<string> UidlKey = new(Table, "uidl", Types.Text, UidlFormat.Default.Text,
        "How the ids of messages are made, as Dovecot's pop3_uidl_format: `%u` is the UID, `%v` the UIDVALIDITY, `%08Xu` eight "
        + "hexadecimal digits. "
        + "Programs that saw other ids fetch everything again: keep the format of the server that the accounts came from.")
    { AfterRestart = true, Example = "\"%v.%u\"" };

    public bool MarkRead => Get(MarkReadKey);

    private static readonly Key<bool> MarkReadKey = new(Table, "mark_read", Types.Boolean, true,
        "Messages that were fetched are shown as read by IMAP and the webmail.")
    { AfterRestart = true, Example = "false" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class Pop3Checks
{
    public static void IdsAreUnique(Pop3Section pop3, Problems problems)
    {
        if (UidlFormat.Parse(pop3.Uidl, out var why) is null) SettingsChecks.Say(problems, pop3, "uidl", why);
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class Pop3Mapping
{
    public static Pop3Options Pop3(ServerSettings settings) => new()
    {
        HostName = settings.HostName,
        Implementation = "Aviso " + BuildInfo.Version,
        Uidl = UidlFormat.Parse(settings.Pop3.Uidl, out _) ?? UidlFormat.Default,
        MarksRead = settings.Pop3.MarkRead,
    };
}
