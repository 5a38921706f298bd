using System.Collections.Frozen;

namespace Aviso.ManageSieve;

[Flags]
internal enum When
{
    NotAuthenticated = 1, Authenticated = 2, Always = NotAuthenticated | Authenticated,
}

/// <summary>One complete command.</summary>
/// <param name="Octets">Without the last line end; valid until the next is read.</param>
/// <param name="ArgumentsAt">Offset after the command name.</param>
internal readonly record struct Command(ReadOnlyMemory<byte> Octets, int ArgumentsAt)
{
    public Grammar Arguments() => new(Octets.Span[ArgumentsAt..]);
}

internal delegate ValueTask<Response> CommandHandler(ManageSieveSession session, Command command);

internal sealed record CommandEntry(string Name, When When, CommandHandler Run);

/// <summary>RFC 5804 §2: every command and when it is allowed.</summary>
internal static class CommandTable
{
    public static IReadOnlyList<CommandEntry> All { get; } =
    [
        new("AUTHENTICATE", When.NotAuthenticated, AuthenticateCommand.RunAsync),
        new("STARTTLS", When.NotAuthenticated, StartTlsCommand.RunAsync),
        new("LOGOUT", When.Always, SessionCommands.LogoutAsync),
        new("CAPABILITY", When.Always, SessionCommands.CapabilityAsync),
        new("HAVESPACE", When.Authenticated, ScriptCommands.HaveSpaceAsync),
        new("PUTSCRIPT", When.Authenticated, PutScriptCommand.PutAsync),
        new("LISTSCRIPTS", When.Authenticated, ScriptCommands.ListAsync),
        new("SETACTIVE", When.Authenticated, ScriptCommands.SetActiveAsync),
        new("GETSCRIPT", When.Authenticated, ScriptCommands.GetAsync),
        new("DELETESCRIPT", When.Authenticated, ScriptCommands.DeleteAsync),
        new("RENAMESCRIPT", When.Authenticated, ScriptCommands.RenameAsync),
        new("CHECKSCRIPT", When.Authenticated, PutScriptCommand.CheckAsync),
        new("NOOP", When.Always, SessionCommands.NoopAsync),
        new("UNAUTHENTICATE", When.Authenticated, SessionCommands.UnauthenticateAsync),
    ];

    private static readonly FrozenDictionary<string, CommandEntry> ByName = All.ToFrozenDictionary(c => c.Name, StringComparer.Ordinal);

    public static CommandEntry? Find(string name) => ByName.GetValueOrDefault(name);
}
