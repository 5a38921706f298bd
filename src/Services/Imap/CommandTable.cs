using System.Collections.Frozen;
using System.Text;

namespace Aviso.Imap;

/// <summary>RFC 9051 §6: every command, when it is allowed, and what news may end it. UID FETCH, UID SEARCH and the like end
/// with all news: they carry UIDs.</summary>
internal static class CommandTable
{
    public static IReadOnlyList<CommandEntry> All { get; } =
    [
        new("CAPABILITY", When.Always, CapabilityCommand.RunAsync),
        new("NOOP", When.Always, NoopCommand.RunAsync),
        new("LOGOUT", When.Always, LogoutCommand.RunAsync, News.None),
        new("ID", When.Always, IdCommand.RunAsync),
        new("STARTTLS", When.NotAuthenticated, StartTlsCommand.RunAsync, News.None),
        new("AUTHENTICATE", When.NotAuthenticated, AuthenticateCommand.RunAsync, News.None),
        new("LOGIN", When.NotAuthenticated, LoginCommand.RunAsync, News.None),
        new("ENABLE", When.LoggedIn, EnableCommand.RunAsync),
        new("SELECT", When.LoggedIn, SelectCommand.RunAsync, News.None),
        new("EXAMINE", When.LoggedIn, SelectCommand.RunAsync, News.None),
        new("CREATE", When.LoggedIn, CreateCommand.RunAsync, Changes: true),
        new("DELETE", When.LoggedIn, DeleteCommand.RunAsync, Changes: true),
        new("RENAME", When.LoggedIn, RenameCommand.RunAsync, Changes: true),
        new("SUBSCRIBE", When.LoggedIn, SubscribeCommand.RunAsync, Changes: true),
        new("UNSUBSCRIBE", When.LoggedIn, SubscribeCommand.RunAsync, Changes: true),
        new("LIST", When.LoggedIn, ListCommand.RunAsync),
        new("LSUB", When.LoggedIn, LsubCommand.RunAsync),
        new("NAMESPACE", When.LoggedIn, NamespaceCommand.RunAsync),
        new("STATUS", When.LoggedIn, StatusCommand.RunAsync),
        new("APPEND", When.LoggedIn, AppendCommand.RunAsync, Changes: true),
        new("IDLE", When.LoggedIn, IdleCommand.RunAsync),
        new("GETQUOTA", When.LoggedIn, QuotaCommand.GetQuotaAsync),
        new("GETQUOTAROOT", When.LoggedIn, QuotaCommand.GetQuotaRootAsync),
        new("SETQUOTA", When.LoggedIn, QuotaCommand.SetQuotaAsync),
        new("GETMETADATA", When.LoggedIn, MetadataCommand.GetAsync),
        new("SETMETADATA", When.LoggedIn, MetadataCommand.SetAsync, Changes: true),
        new("GETJMAPACCESS", When.LoggedIn, JmapAccessCommand.RunAsync),
        new("COMPRESS", When.LoggedIn, CompressCommand.RunAsync, News.None),
        new("NOTIFY", When.LoggedIn, NotifyCommand.RunAsync, News.All),
        new("CHECK", When.Selected, NoopCommand.RunAsync),
        new("CLOSE", When.Selected, CloseCommand.RunAsync, News.None),
        new("UNSELECT", When.Selected, UnselectCommand.RunAsync, News.None),
        new("EXPUNGE", When.Selected, ExpungeCommand.RunAsync, HasUid: true, Changes: true),
        new("SEARCH", When.Selected, SearchCommand.RunAsync, News.NoExpunge, HasUid: true),
        new("SORT", When.Selected, SortCommand.RunAsync, News.NoExpunge, HasUid: true),
        new("THREAD", When.Selected, ThreadCommand.RunAsync, News.NoExpunge, HasUid: true),
        new("CANCELUPDATE", When.Selected, CancelUpdateCommand.RunAsync),
        new("FETCH", When.Selected, FetchCommand.RunAsync, News.NoExpunge, HasUid: true),
        new("STORE", When.Selected, StoreCommand.RunAsync, News.NoExpunge, HasUid: true, Changes: true),
        new("COPY", When.Selected, CopyCommand.RunAsync, HasUid: true, Changes: true),
        new("MOVE", When.Selected, MoveCommand.RunAsync, HasUid: true, Changes: true),
        new("REPLACE", When.Selected, ReplaceCommand.RunAsync, HasUid: true, Changes: true),
    ];

    private static readonly FrozenDictionary<string, CommandEntry> ByName =
        All.ToFrozenDictionary(c => c.Name, StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, CommandEntry>.AlternateLookup<ReadOnlySpan<char>> BySpan =
        ByName.GetAlternateLookup<ReadOnlySpan<char>>();

    public static CommandEntry? Find(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[16];
        if (name.Length > text.Length) return null;
        Encoding.Latin1.GetChars(name, text);
        return BySpan.TryGetValue(text[..name.Length], out var entry) ? entry : null;
    }
}
