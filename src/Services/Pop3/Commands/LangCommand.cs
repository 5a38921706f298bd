namespace Aviso.Pop3;

/// <summary>RFC 6856 §3.2: the words of replies are English; "*" asks for what we think best.</summary>
internal static class LangCommand
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        if (command.IsBare)
        {
            session.Writer.Begin(Reply.Ok("Languages"));
            session.Writer.Line("en English");
            session.Writer.End();
            return new(Reply.Silent);
        }
        if (command.Words(1) is not [var language]) return new(Reply.Syntax);
        // RFC 4647 §3.4 lookup: en-GB falls back to en.
        var known = language == "*" || language.Equals("en", StringComparison.OrdinalIgnoreCase)
            || language.StartsWith("en-", StringComparison.OrdinalIgnoreCase);
        return new(known ? Reply.Ok("en English") : Reply.No("", "That language is not spoken here"));
    }
}
