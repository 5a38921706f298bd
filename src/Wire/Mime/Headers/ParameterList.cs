using System.Text;

namespace Aviso.Mime;

/// <summary>
/// Parameters of Content-Type and Content-Disposition (RFC 2045 §5.1) with RFC 2231 continuations, charsets and languages.
/// A plain parameter wins over an extended one, that over a continued one; the first of a kind wins. Continuations are
/// joined from section 0 as far as no section is missing.
/// </summary>
public static class ParameterList
{
    private const int LongestSection = 100;

    /// <summary>Reads <c>*( ";" name "=" value )</c>; at most <see cref="MimeLimits.Parameters"/> are looked at.</summary>
    public static IReadOnlyList<MimeParameter> Parse(ReadOnlySpan<byte> value)
    {
        var reader = new ValueReader(value);
        return Read(ref reader);
    }

    internal static IReadOnlyList<MimeParameter> Read(ref ValueReader reader)
    {
        List<(string Name, string? Value)>? plain = null;
        List<Section>? extended = null;
        for (var count = 0; TryNext(ref reader, out var name, out var value); count++)
        {
            if (count == MimeLimits.Parameters)
            {
                MimeMeters.Limit("parameters");
                break;
            }
            if (name.StartsWith('*')) continue;
            if (name.Contains('*', StringComparison.Ordinal) && Section.TryRead(name, value) is { } section)
            {
                (extended ??= []).Add(section);
                if (extended.TrueForAll(e => e.Name != section.Name || e == section)) (plain ??= []).Add((section.Name, null));
            }
            else (plain ??= []).Add((name, HeaderText.FromOctets(value)));
        }
        if (plain is null) return [];
        return plain is [(var only, { } alone)] ? [new(only, alone)] : Merge(plain, extended ?? []);
    }

    // A name without a value stands for the place of an extended parameter.
    private static List<MimeParameter> Merge(List<(string Name, string? Value)> plain, List<Section> extended)
    {
        var merged = new List<MimeParameter>(plain.Count);
        foreach (var p in plain)
        {
            if (merged.Exists(m => m.Name == p.Name)) continue;
            var value = p.Value ?? plain.Find(o => o.Name == p.Name && o.Value is not null).Value ?? Join(p.Name, extended);
            if (value is not null) merged.Add(new(p.Name, value));
        }
        return merged;
    }

    private static string? Join(string name, List<Section> extended)
    {
        var single = extended.Find(e => e.Name == name && e.Number < 0);
        if (single is not null) return single.Decode();
        var sections = new Section?[LongestSection];
        foreach (var e in extended)
        {
            if (e.Name == name && e.Number < LongestSection) sections[e.Number] ??= e;
        }
        if (sections[0] is not { } first) return null;
        var octets = new List<byte>(first.Octets());
        for (var i = 1; i < sections.Length && sections[i] is { } next; i++) octets.AddRange(next.Octets());
        return first.Decode(octets.ToArray());
    }

    private static bool TryNext(ref ValueReader reader, out string name, out byte[] value)
    {
        (name, value) = ("", []);
        while (!reader.AtEnd)
        {
            reader.SkipCfws();
            if (reader.Take((byte)';')) continue;
            var token = reader.Token();
            reader.SkipCfws();
            if (token.IsEmpty || !reader.Take((byte)'='))
            {
                reader.Until(";"u8);
                continue;
            }
            name = Encoding.ASCII.GetString(token).ToLowerInvariant();
            reader.SkipCfws();
            value = reader.Peek == '"' ? reader.QuotedString() : Bare(ref reader);
            return true;
        }
        return false;
    }

    // Kinder than a token: file names with spaces and slashes are sent without quotes. A comment or a line end ends it, since the
    // semicolon before a folded line is forgotten too.
    private static byte[] Bare(ref ValueReader reader)
    {
        var text = reader.Until(";\r\n"u8);
        var comment = text.IndexOf(" ("u8);
        if (comment >= 0) text = text[..comment];
        return HeaderText.Unfold(text);
    }

    /// <summary>RFC 2231 §3, §4: name [ "*" number ] [ "*" ].</summary>
    private sealed record Section(string Name, int Number, bool IsExtended, byte[] Value)
    {
        public static Section? TryRead(string name, byte[] value)
        {
            var star = name.IndexOf('*', StringComparison.Ordinal);
            var rest = name.AsSpan(star + 1);
            if (rest.IsEmpty) return new(name[..star], -1, true, value);
            var isExtended = rest[^1] == '*';
            if (isExtended) rest = rest[..^1];
            if (rest.Length is 0 or > 4 || rest.ContainsAnyExceptInRange('0', '9')) return null;
            return new(name[..star], int.Parse(rest), isExtended, value);
        }

        /// <summary>The octets, without charset and language, percent escapes undone.</summary>
        public byte[] Octets()
        {
            if (!IsExtended) return Value;
            var text = Number <= 0 ? Value.AsSpan(Prefix()) : Value;
            var octets = new byte[text.Length];
            var length = 0;
            for (var i = 0; i < text.Length; i++)
            {
                var c = text[i];
                if (c == '%' && i + 2 < text.Length && Hex.TryOctet(text[i + 1], text[i + 2], out var octet))
                {
                    c = octet;
                    i += 2;
                }
                octets[length++] = c;
            }
            return octets[..length];
        }

        public string Decode() => Decode(Octets());

        public string Decode(byte[] octets)
        {
            if (!IsExtended || Prefix() == 0) return HeaderText.FromOctets(octets);
            var charset = Encoding.ASCII.GetString(Value.AsSpan(0, Value.AsSpan().IndexOf((byte)'\'')));
            return Charsets.Decode(charset, octets).Replace('\0', '\uFFFD');
        }

        // charset "'" [ language ] "'"
        private int Prefix()
        {
            var first = Value.AsSpan().IndexOf((byte)'\'');
            var second = first < 0 ? -1 : Value.AsSpan(first + 1).IndexOf((byte)'\'');
            return second < 0 ? 0 : first + second + 2;
        }
    }
}
