namespace Aviso.Imap;

/// <summary>RFC 9051 §6.4.8: COPYUID in an untagged OK before the EXPUNGEs.</summary>
internal static class MoveCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var (problem, moved) = await CopyCommand.RunAsync(session, command, move: true);
        if (moved is null) return problem;
        if (moved.Source.Count > 0) session.Writer.Bytes("* OK ["u8).Text(CopyCommand.Code(moved)).Bytes("] Moved\r\n"u8);
        return session.Modes.Qresync ? Completion.Ok("Moved", $"HIGHESTMODSEQ {moved.ModSeq}") : Completion.Ok("Moved");
    }
}
