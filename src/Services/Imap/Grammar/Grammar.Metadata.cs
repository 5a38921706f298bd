namespace Aviso.Imap;

/// <param name="Depth">0, 1, or <see cref="int.MaxValue"/> for infinity.</param>
internal sealed record GetMetadataRequest(string? Mailbox, bool BadName, IReadOnlyList<string> Entries, long MaxSize, int Depth);

internal ref partial struct Grammar
{
    // RFC 5464 §5: getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries
    public bool GetMetadata(out GetMetadataRequest request)
    {
        request = new(null, false, [], long.MaxValue, 0);
        var entries = new List<string>();
        if (!Sp()) return false;
        if (Peek == '(' && (!GetMetadataOptions(ref request) || !Sp())) return false;
        if (!Mailbox(out var name) || !Sp()) return false;
        // RFC 5464's examples put options after the mailbox too; both are read.
        if (Peek == '(' && Rest is [_, not (byte)'/', ..] && Rest is [_, not (byte)'"', ..]
            && (!GetMetadataOptions(ref request) || !Sp())) return false;
        var list = Char((byte)'(');
        do
        {
            if (!Entry(out var entry) || entries.Count == 100) return false;
            entries.Add(entry);
        }
        while (list && Sp());
        request = request with { Mailbox = name, BadName = name is null, Entries = entries };
        return !list || Char((byte)')');
    }

    private bool GetMetadataOptions(ref GetMetadataRequest request)
    {
        if (!Char((byte)'(')) return false;
        do
        {
            if (Word("MAXSIZE"u8))
            {
                if (!Sp() || !Number64(out var size)) return false;
                request = request with { MaxSize = size };
            }
            else if (Word("DEPTH"u8))
            {
                if (!Sp()) return false;
                if (Word("infinity"u8)) request = request with { Depth = int.MaxValue };
                else if (Number(out var depth) && depth <= 1) request = request with { Depth = (int)depth };
                else return false;
            }
            else return false;
        }
        while (Sp());
        return Char((byte)')');
    }

    // setmetadata = "SETMETADATA" SP mailbox SP "(" entry-value *(SP entry-value) ")"
    public bool SetMetadata(out string? mailbox, out List<(string Entry, byte[]? Value)> values)
    {
        values = [];
        mailbox = null;
        if (!Sp() || !Mailbox(out mailbox) || !Sp() || !Char((byte)'(')) return false;
        do
        {
            if (!Entry(out var entry) || !Sp()) return false;
            if (Word("NIL"u8)) values.Add((entry, null));
            else if (String(out var value) && values.Count < 100) values.Add((entry, value.ToArray()));
            else return false;
        }
        while (Sp());
        return Char((byte)')');
    }

    // entry = astring: slash-separated, no wildcards; "/private" or "/shared" first
    private bool Entry(out string entry)
    {
        entry = "";
        if (!AString(out var raw)) return false;
        entry = AsAscii(raw).ToLowerInvariant();
        return raw.Length is > 1 and <= 1024 && raw[0] == '/' && !raw.ContainsAny((byte)'*', (byte)'%') && !entry.EndsWith('/') &&
            !entry.Contains("//", StringComparison.Ordinal) && !raw.ContainsAnyExceptInRange((byte)' ', (byte)'~');
    }
}
