using Aviso.Base;

namespace Aviso.Imap;

/// <summary>One complete command as it came in.</summary>
/// <param name="Tag">As sent.</param>
/// <param name="Entry">Null: no such command.</param>
/// <param name="Octets">Whole command without the last line end; valid until the next command is read.</param>
/// <param name="ArgumentsAt">Offset in <paramref name="Octets"/> after the command name.</param>
/// <param name="Bodies">Message literals in order, spooled; disposed by the session loop.</param>
internal sealed record Command(
    string Tag, CommandEntry? Entry, bool Uid, ReadOnlyMemory<byte> Octets, int ArgumentsAt, IReadOnlyList<SpooledBody> Bodies)
{
    public Grammar Arguments(NameForm utf8Names) => new(Octets.Span[ArgumentsAt..], utf8Names);
}

[Flags]
internal enum When
{
    NotAuthenticated = 1, Authenticated = 2, Selected = 4,
    LoggedIn = Authenticated | Selected,
    Always = NotAuthenticated | LoggedIn,
}

/// <summary>Which news a command may end with (RFC 9051 §5.2, §7.5.1).</summary>
internal enum News
{
    /// <summary>None: the selected mailbox changes or goes.</summary>
    None,

    /// <summary>All but expunges: sequence numbers in flight must keep their meaning.</summary>
    NoExpunge,

    All,
}

internal delegate ValueTask<Completion> CommandHandler(ImapSession session, Command command);

/// <param name="HasUid">May follow "UID ".</param>
/// <param name="Changes">Changes mail, mailboxes or what is kept about them: refused to a login that may not.</param>
internal sealed record CommandEntry(
    string Name, When When, CommandHandler Run, News News = News.All, bool HasUid = false, bool OnlyUid = false, bool Changes = false);
