namespace Aviso.Imap;

/// <summary>A part of what is appended: octets that come as a literal, or (RFC 4469) a URL of octets that are here.</summary>
internal readonly record struct AppendPart(long Size, string? Url);

/// <summary>One message of APPEND or REPLACE.</summary>
/// <param name="Parts">One literal, or the parts of CATENATE in order.</param>
/// <param name="IsOpen">The command ends, so far, within the list of parts.</param>
internal sealed record AppendOptions(FlagList Flags, long? InternalDate, IReadOnlyList<AppendPart> Parts, bool IsCatenated, bool IsOpen)
{
    public int Literals => Parts.Count(p => p.Url is null);
}

internal ref partial struct Grammar
{
    /// <summary>Parts of one CATENATE; more is no message that a person made.</summary>
    private const int MostCatenated = 500;

    // RFC 9051 §9, RFC 3502: append-message = [SP flag-list] [SP date-time] SP append-data
    // append-data = literal / literal8 / "UTF8" SP "(" literal8 ")" (RFC 6855 §4) / "CATENATE" SP "(" cat-part *(SP cat-part) ")" (RFC 4469 §5)
    public bool AppendMessage(out AppendOptions options)
    {
        options = new(new(), null, [], false, false);
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
        if (Text("CATENATE ("u8)) return Catenation(ref options);
        var utf8 = Text("UTF8 ("u8);
        if (!LiteralMarker(out var size)) return false;
        options = options with { Parts = [new(size, null)] };
        return !utf8 || AtEnd || Char((byte)')');
    }

    // cat-part = "TEXT" SP literal / "URL" SP astring
    private bool Catenation(ref AppendOptions options)
    {
        var parts = new List<AppendPart>();
        options = options with { Parts = parts, IsCatenated = true };
        do
        {
            if (parts.Count == MostCatenated) return false;
            if (Text("TEXT "u8))
            {
                if (!LiteralMarker(out var size)) return false;
                parts.Add(new(size, null));
                if (!AtEnd) continue;
                options = options with { IsOpen = true };
                return true;
            }
            if (!Text("URL "u8) || !AString(out var url)) return false;
            parts.Add(new(0, AsText(url)));
        }
        while (Sp());
        return Char((byte)')');
    }

    /// <summary>A section alone, such as <c>1.2.MIME</c> in a URL; empty is the whole message.</summary>
    public bool SectionAlone(out FetchSection section)
    {
        var sections = new List<FetchSection>();
        var found = Section(SectionKind.Body, setsSeen: false, sections) && AtEnd;
        section = found ? sections[0] : new(SectionKind.Body, [], SectionText.Whole, [], 0, long.MaxValue, false, []);
        return found;
    }
}
