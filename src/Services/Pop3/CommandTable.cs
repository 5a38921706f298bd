using System.Collections.Frozen;

namespace Aviso.Pop3;

/// <summary>RFC 1939 §3: the states in which a command is given.</summary>
[Flags]
internal enum When
{
    Authorization = 1, Transaction = 2, Always = Authorization | Transaction,
}

internal delegate ValueTask<Reply> CommandHandler(Pop3Session session, Command command);

internal sealed record CommandEntry(string Name, When When, CommandHandler Run);

/// <summary>Every command and when it is allowed.</summary>
internal static class CommandTable
{
    public static IReadOnlyList<CommandEntry> All { get; } =
    [
        new("USER", When.Authorization, UserCommand.RunAsync),
        new("PASS", When.Authorization, PassCommand.RunAsync),
        new("AUTH", When.Authorization, AuthCommand.RunAsync),
        new("STLS", When.Authorization, StlsCommand.RunAsync),
        new("UTF8", When.Authorization, Utf8Command.RunAsync),
        new("CAPA", When.Always, CapaCommand.RunAsync),
        new("LANG", When.Always, LangCommand.RunAsync),
        new("NOOP", When.Transaction, NoopCommand.RunAsync),
        new("QUIT", When.Always, QuitCommand.RunAsync),
        new("STAT", When.Transaction, StatCommand.RunAsync),
        new("LIST", When.Transaction, ListCommand.RunAsync),
        new("UIDL", When.Transaction, UidlCommand.RunAsync),
        new("RETR", When.Transaction, RetrCommand.RunAsync),
        new("TOP", When.Transaction, TopCommand.RunAsync),
        new("DELE", When.Transaction, DeleCommand.RunAsync),
        new("RSET", When.Transaction, RsetCommand.RunAsync),
    ];

    private static readonly FrozenDictionary<string, CommandEntry> ByName = All.ToFrozenDictionary(c => c.Name, StringComparer.Ordinal);

    public static CommandEntry? Find(string name) => ByName.GetValueOrDefault(name);
}
