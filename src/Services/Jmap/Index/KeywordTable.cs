using System.Collections.Immutable;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// The keywords of an account by number, in lower case (RFC 8621 §4.1.1). Mailboxes number theirs each by itself; here is one table for
/// all. It only grows while a picture is carried on.
/// </summary>
internal sealed class KeywordTable
{
    /// <summary>Numbers below this are bits of a row; the bit of this number says that there are others.</summary>
    public const int InRow = 63;

    public const ulong SeenBit = 1, FlaggedBit = 2, AnsweredBit = 4, DraftBit = 8, MoreBit = 1UL << InRow;

    private static readonly (SystemFlags Flag, ulong Bit)[] System =
    [
        (SystemFlags.Seen, SeenBit), (SystemFlags.Flagged, FlaggedBit), (SystemFlags.Answered, AnsweredBit), (SystemFlags.Draft, DraftBit),
    ];

    private readonly ImmutableArray<string> _names;
    private readonly ImmutableDictionary<string, int> _numbers;

    private KeywordTable(ImmutableArray<string> names, ImmutableDictionary<string, int> numbers) => (_names, _numbers) = (names, numbers);

    /// <summary>RFC 8621 §4.1.1: the system keywords.</summary>
    public static KeywordTable Empty { get; } =
        new KeywordTable([], ImmutableDictionary.Create<string, int>(StringComparer.OrdinalIgnoreCase))
        .With("$seen").With("$flagged").With("$answered").With("$draft");

    public string this[int number] => _names[number];

    /// <summary>The number, or -1: no email carries it.</summary>
    public int Find(string name) => _numbers.GetValueOrDefault(name, -1);

    /// <summary>The table with this name.</summary>
    public KeywordTable With(string name) =>
        _numbers.ContainsKey(name) ? this : new(_names.Add(name.ToLowerInvariant()), _numbers.Add(name, _names.Length));

    /// <summary>The system flags as bits of a row.</summary>
    public static ulong Bits(SystemFlags flags)
    {
        ulong bits = 0;
        foreach (var (flag, bit) in System)
            if ((flags & flag) != 0) bits |= bit;
        return bits;
    }
}
