using System.Globalization;
using Aviso.Store;

namespace Aviso.Pop3;

/// <summary>What LIST and UIDL have in common: one message, or a line for each that is not marked.</summary>
internal static class Listing
{
    public static async ValueTask<Reply> RunAsync(Pop3Session session, Command command, Func<Entry, string> what)
    {
        var drop = session.Drop!;
        if (!command.IsBare) return One(drop, command, what);
        session.Writer.Begin(Reply.Ok(StatCommand.InWords(drop)));
        for (var number = 1; number <= drop.Last; number++)
        {
            if (!drop.TryFind(number, out var entry)) continue;
            session.Writer.Line(Line(number, what(entry)));
            if (!await session.Writer.GoOnAsync()) break;
        }
        session.Writer.End();
        return Reply.Silent;
    }

    private static Reply One(Maildrop drop, Command command, Func<Entry, string> what)
    {
        var number = 0;
        if (!command.TryNumbers(new Span<int>(ref number))) return Reply.Syntax;
        return drop.TryFind(number, out var entry) ? Reply.Ok(Line(number, what(entry))) : Reply.NoSuchMessage;
    }

    private static string Line(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}");
}
