namespace Aviso.Imap;

/// <summary>RFC 4978.</summary>
internal static class CompressCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Atom(out var algorithm) || !g.End()) return Completion.Syntax;
        if (!System.Text.Ascii.EqualsIgnoreCase(algorithm, "DEFLATE"u8)) return Completion.No("CANNOT", "DEFLATE only");
        if (session.Modes.Compressed) return Completion.No("COMPRESSIONACTIVE", "Compression is on already");
        session.Writer.Text(command.Tag).Bytes(" OK Compression begins\r\n"u8);
        await session.Writer.FlushAsync();
        session.Connection.StartDeflate();
        session.Modes.Compressed = true;
        return Completion.Silent;
    }
}
