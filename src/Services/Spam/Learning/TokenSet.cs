using System.Buffers;

namespace Aviso.Spam;

/// <summary>What a token tells of; tokens of one group weigh the same together, however many there are.</summary>
internal enum TokenGroup
{
    /// <summary>Words of the text.</summary>
    Word = 0,

    /// <summary>What the header says and how it is built.</summary>
    Header = 1,

    /// <summary>HTML, links and parts.</summary>
    Structure = 2,

    /// <summary>Two words of the text that follow each other.</summary>
    Pair = 3,
}

/// <summary>
/// The distinct tokens of one message: 30 bits of hash and the group in the two highest bits. What a token reads like is kept only as
/// long as this set lives: nothing readable is ever stored. Dispose to give the memory back. Not thread-safe.
/// </summary>
internal sealed class TokenSet : IDisposable
{
    /// <summary>More are left out.</summary>
    public const int Most = 6144;

    private const int Slots = 3 * Most;
    private uint[] _tokens = ArrayPool<uint>.Shared.Rent(Most);
    private (int At, int Length)[] _names = ArrayPool<(int At, int Length)>.Shared.Rent(Most);
    private short[] _slots = ArrayPool<short>.Shared.Rent(Slots);
    private char[] _text = ArrayPool<char>.Shared.Rent(64 * 1024);
    private int _textLength;

    public TokenSet() => Array.Clear(_slots, 0, Slots);

    public int Count { get; private set; }

    public ReadOnlySpan<uint> Tokens => _tokens.AsSpan(0, Count);

    public static TokenGroup GroupOf(uint token) => (TokenGroup)(token >> 30);

    /// <summary>Adds <paramref name="mark"/> and <paramref name="text"/> as one token; the mark tells tokens of different places
    /// apart.</summary>
    public void Add(TokenGroup group, ReadOnlySpan<char> mark, ReadOnlySpan<char> text) => Add(group, mark, text, default);

    /// <summary>As above, of two words.</summary>
    public void Add(TokenGroup group, ReadOnlySpan<char> mark, ReadOnlySpan<char> text, ReadOnlySpan<char> second)
    {
        if (Count == Most) return;
        var hash = Hash(Hash(Hash(14695981039346656037, mark), text), second);
        hash = (hash ^ (hash >> 29)) * 0xBF58476D1CE4E5B9;
        var token = (uint)(hash >> 34) | ((uint)group << 30);
        var slot = (int)((uint)(hash >> 7) % Slots);
        while (_slots[slot] != 0)
        {
            if (_tokens[_slots[slot] - 1] == token) return;
            slot = slot + 1 == Slots ? 0 : slot + 1;
        }
        _names[Count] = Keep(mark, text, second);
        _tokens[Count++] = token;
        _slots[slot] = (short)Count;
    }

    /// <summary>What the token at this place reads like; "" when there was no room to keep it.</summary>
    public string NameOf(int place) => new(_text, _names[place].At, _names[place].Length);

    /// <summary>Sorted, for storing.</summary>
    public uint[] ToArray()
    {
        var sorted = Tokens.ToArray();
        Array.Sort(sorted);
        return sorted;
    }

    public void Dispose()
    {
        if (_tokens.Length == 0) return;
        ArrayPool<uint>.Shared.Return(_tokens);
        ArrayPool<(int At, int Length)>.Shared.Return(_names);
        ArrayPool<short>.Shared.Return(_slots);
        ArrayPool<char>.Shared.Return(_text);
        (_tokens, _names, _slots, _text, Count) = ([], [], [], [], 0);
    }

    private static ulong Hash(ulong hash, ReadOnlySpan<char> text)
    {
        foreach (var c in text) hash = (hash ^ c) * 1099511628211;
        return (hash ^ 0x1F) * 1099511628211;
    }

    private (int, int) Keep(ReadOnlySpan<char> mark, ReadOnlySpan<char> text, ReadOnlySpan<char> second)
    {
        var length = mark.Length + text.Length + (second.IsEmpty ? 0 : second.Length + 1);
        if (_textLength + length > _text.Length) return (0, 0);
        var at = _textLength;
        mark.CopyTo(_text.AsSpan(at));
        text.CopyTo(_text.AsSpan(at + mark.Length));
        if (!second.IsEmpty)
        {
            _text[at + mark.Length + text.Length] = '+';
            second.CopyTo(_text.AsSpan(at + mark.Length + text.Length + 1));
        }
        _textLength += length;
        return (at, length);
    }
}
