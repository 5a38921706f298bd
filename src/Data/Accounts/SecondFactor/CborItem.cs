using System.Buffers.Binary;

namespace Aviso.Accounts;

/// <summary>
/// CBOR (RFC 8949) as authenticators write it (CTAP2 canonical form, WebAuthn §6.5): definite lengths, integers in their shortest form, no
/// tags, no floats. One method for each kind of item; it never throws, and where one says no nothing more should be read.
/// </summary>
internal ref struct CborItem(ReadOnlySpan<byte> octets)
{
    // CTAP2: at most four levels.
    private const int MostDepth = 4;

    private readonly ReadOnlySpan<byte> _octets = octets;

    public int Position { get; private set; }

    public readonly bool AtEnd => Position == _octets.Length;

    /// <summary>Major types 0 and 1.</summary>
    public bool TryInteger(out long value)
    {
        value = 0;
        if (!TryHead(out var major, out var argument) || major > 1 || argument > long.MaxValue) return false;
        value = major == 0 ? (long)argument : -1 - (long)argument;
        return true;
    }

    public bool TryBytes(out ReadOnlySpan<byte> value) => TryString(2, out value);

    public bool TryText(out ReadOnlySpan<byte> value) => TryString(3, out value) && System.Text.Unicode.Utf8.IsValid(value);

    /// <summary>Begins a map of <paramref name="count"/> pairs; no more than octets are left.</summary>
    public bool TryMap(out int count) => TryCount(5, out count);

    public bool TryArray(out int count) => TryCount(4, out count);

    /// <summary>Passes over one item of any kind, with all that is in it.</summary>
    public bool TrySkip(int depth = 0)
    {
        if (depth > MostDepth || !TryHead(out var major, out var argument)) return false;
        switch (major)
        {
            case 0 or 1:
                return true;
            case 2 or 3:
                return TryTake(argument, out _);
            case 4 or 5:
                if (argument > (ulong)(_octets.Length - Position)) return false;
                for (var left = argument * (major == 5 ? 2UL : 1UL); left > 0; left--)
                {
                    if (!TrySkip(depth + 1)) return false;
                }
                return true;
            // false, true, null
            default:
                return major == 7 && argument is 20 or 21 or 22;
        }
    }

    private bool TryString(int wanted, out ReadOnlySpan<byte> value)
    {
        value = default;
        return TryHead(out var major, out var argument) && major == wanted && TryTake(argument, out value);
    }

    private bool TryCount(int wanted, out int count)
    {
        count = 0;
        if (!TryHead(out var major, out var argument) || major != wanted || argument > (ulong)(_octets.Length - Position)) return false;
        count = (int)argument;
        return true;
    }

    private bool TryTake(ulong length, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (length > (ulong)(_octets.Length - Position)) return false;
        value = _octets.Slice(Position, (int)length);
        Position += (int)length;
        return true;
    }

    // RFC 8949 §3: three bits of major type, five of argument or its length. §4.2.1: the shortest form only.
    private bool TryHead(out int major, out ulong argument)
    {
        (major, argument) = (0, 0);
        if (Position >= _octets.Length) return false;
        var first = _octets[Position++];
        (major, argument) = (first >> 5, (ulong)(first & 31));
        if (argument < 24) return true;
        if (argument > 27) return false;
        var length = 1 << (int)(argument - 24);
        if (!TryTake((ulong)length, out var more)) return false;
        argument = length switch
        {
            1 => more[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(more),
            4 => BinaryPrimitives.ReadUInt32BigEndian(more),
            _ => BinaryPrimitives.ReadUInt64BigEndian(more),
        };
        // Floats have these lengths too; none of ours.
        if (major == 7) return false;
        return argument >= (length == 1 ? 24UL : 1UL << (length * 4));
    }
}
