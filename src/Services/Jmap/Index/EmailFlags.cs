using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The keywords of an email from those of its entries: one that any has; $seen when all have it (design.md, message
/// model).</summary>
[StructLayout(LayoutKind.Auto)]
internal struct EmailFlags()
{
    private ulong _any = 0;
    private ulong _all = KeywordTable.SeenBit;

    /// <summary>Numbers that a row has no bit for.</summary>
    public SortedSet<int>? Further { get; private set; } = null;

    public readonly ulong Bits => (_any & ~KeywordTable.SeenBit) | _all | (Further is null ? 0 : KeywordTable.MoreBit);

    /// <param name="numbers">By the mailbox's numbers: those of the account.</param>
    public void Add(EntryFlags flags, ImmutableArray<int> numbers)
    {
        var bits = KeywordTable.Bits(flags.System);
        var left = flags.Keywords;
        for (var n = 0; left != 0; n++, left >>= 1)
        {
            if ((left & 1) == 0) continue;
            if (numbers[n] < KeywordTable.InRow) bits |= 1UL << numbers[n];
            else (Further ??= []).Add(numbers[n]);
        }
        _any |= bits;
        _all &= bits;
    }
}
