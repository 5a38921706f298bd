using System.Globalization;

namespace Aviso.Pop3;

/// <summary>RFC 1939 §5: the drop listing, without what is marked.</summary>
internal static class StatCommand
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command) => new(
        command.IsBare ? Reply.Ok(FormattableString.Invariant($"{session.Drop!.Count} {session.Drop.Octets()}")) : Reply.Syntax);

    public static string InWords(Maildrop drop) =>
        string.Create(CultureInfo.InvariantCulture, $"{drop.Count} messages ({drop.Octets()} octets)");
}
