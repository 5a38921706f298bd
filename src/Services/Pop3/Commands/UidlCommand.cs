namespace Aviso.Pop3;

/// <summary>RFC 1939 §7: ids that no other message of the maildrop ever has.</summary>
internal static class UidlCommand
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        var (format, validity) = (session.Server.Options.Uidl, session.Drop!.UidValidity);
        return Listing.RunAsync(session, command, entry => format.Of(entry.Uid, validity));
    }
}
