using System.Text;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>Flags as a client named them: system flags as bits, keywords by name, and what cannot be set.</summary>
internal sealed class FlagList
{
    /// <summary>A keyword longer than this is refused.</summary>
    public const int MaxKeyword = 255;

    public SystemFlags System { get; private set; }

    public List<string> Keywords { get; } = [];

    /// <summary>\Recent, which clients may not alter, or a system flag nobody knows.</summary>
    public bool HasUnsettable { get; private set; }

    /// <summary>A system flag nobody knows; \Recent is known.</summary>
    public bool HasUnknown { get; private set; }

    public bool TooLong { get; private set; }

    public void Add(ReadOnlySpan<byte> name, bool system)
    {
        if (system)
        {
            var bit = SystemFlag(name);
            System |= bit;
            HasUnsettable |= bit == SystemFlags.None;
            HasUnknown |= bit == SystemFlags.None && !Ascii.EqualsIgnoreCase(name, "Recent"u8);
            return;
        }
        TooLong |= name.Length > MaxKeyword || Keywords.Count >= 1000;
        if (TooLong) return;
        var keyword = Encoding.UTF8.GetString(name);
        if (!Keywords.Contains(keyword, StringComparer.OrdinalIgnoreCase)) Keywords.Add(keyword);
    }

    public static SystemFlags SystemFlag(ReadOnlySpan<byte> name) =>
        Ascii.EqualsIgnoreCase(name, "Seen"u8) ? SystemFlags.Seen
        : Ascii.EqualsIgnoreCase(name, "Answered"u8) ? SystemFlags.Answered
        : Ascii.EqualsIgnoreCase(name, "Flagged"u8) ? SystemFlags.Flagged
        : Ascii.EqualsIgnoreCase(name, "Deleted"u8) ? SystemFlags.Deleted
        : Ascii.EqualsIgnoreCase(name, "Draft"u8) ? SystemFlags.Draft
        : SystemFlags.None;
}
