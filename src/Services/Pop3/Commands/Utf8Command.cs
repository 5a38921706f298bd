namespace Aviso.Pop3;

/// <summary>RFC 6856 §2.1: from here on headers may be UTF-8.</summary>
internal static class Utf8Command
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        if (!command.IsBare) return new(Reply.Syntax);
        session.Utf8 = true;
        return new(Reply.Ok("UTF-8"));
    }
}
