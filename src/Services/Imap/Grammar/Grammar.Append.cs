namespace Aviso.Imap;

/// <summary>What stands before a message literal in APPEND.</summary>
internal sealed record AppendOptions(FlagList Flags, long? InternalDate, long Size, bool Utf8, bool Binary);

internal ref partial struct Grammar
{
    // RFC 9051 §9, RFC 3502: append-message = [SP flag-list] [SP date-time] SP append-data
    // append-data = literal / literal8 / "UTF8" SP "(" literal8 ")" (RFC 6855 §4)
    public bool AppendMessage(out AppendOptions options)
    {
        options = new(new(), null, 0, false, false);
        if (!Sp()) return false;
        if (Peek == '(')
        {
            if (!FlagList(out var flags) || !Sp()) return false;
            options = options with { Flags = flags };
        }
        if (Peek == '"')
        {
            if (!DateTime(out var date) || !Sp()) return false;
            options = options with { InternalDate = date };
        }
        var utf8 = Text("UTF8 ("u8);
        var binary = Peek == '~';
        if (!LiteralMarker(out var size)) return false;
        options = options with { Size = size, Utf8 = utf8, Binary = binary };
        return !utf8 || AtEnd || Char((byte)')');
    }
}
