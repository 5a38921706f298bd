namespace Aviso.Imap;

/// <summary>RFC 2971: at most 30 pairs; what the client says goes to the log, and beside what it does with mail.</summary>
internal static class IdCommand
{
    public static ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !Parameters(ref g, out var about, out var program) || !g.End()) return new(Completion.Syntax);
        ImapLog.ClientIs(session.Server.Log, session.Connection.Id, about);
        session.Program = program;
        session.Writer.Bytes("* ID (\"name\" \"Aviso\")\r\n"u8);
        return new(Completion.Ok("Done"));
    }

    // id-params-list = "(" [string SP nstring *(SP string SP nstring)] ")" / nil
    private static bool Parameters(ref Grammar g, out string about, out string program)
    {
        (about, program) = ("", "");
        var (product, version) = ("", "");
        if (g.Word("NIL"u8)) return true;
        if (!g.Char((byte)'(')) return false;
        for (var pairs = 0; !g.Char((byte)')'); pairs++)
        {
            if (pairs == 30 || (pairs > 0 && !g.Sp())) return false;
            if (!g.String(out var name) || name.Length > 30 || !g.Sp() || !g.NString(out var value, out _)
                || value.Length > 1024) return false;
            about += Clean(name) + "=" + Clean(value) + " ";
            if (System.Text.Ascii.EqualsIgnoreCase(name, "name"u8)) product = Clean(value);
            else if (System.Text.Ascii.EqualsIgnoreCase(name, "version"u8)) version = Clean(value);
        }
        program = $"{product} {version}".Trim() is { Length: <= 200 } said ? said : "";
        return true;
    }

    private static string Clean(ReadOnlySpan<byte> octets)
    {
        var text = Grammar.AsText(octets);
        return string.Concat(text.Where(c => !char.IsControl(c)));
    }
}
