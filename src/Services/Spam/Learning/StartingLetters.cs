using System.Buffers.Binary;
using System.IO.Compression;

namespace Aviso.Spam;

/// <summary>
/// Letters of today in the clothes of today, invented by us (tests/Bench/Start): shops, offices, clubs and friends, and frauds that look
/// like them. They are there while words and grams are learned, so that what only spam had among the mail learned here - HTML, new words,
/// new programs - is not held for spam because no ham had it. They make room as the owner's own ham comes.
/// </summary>
internal static class StartingLetters
{
    private const string Resource = "Aviso.Spam.letters";
    private const uint Mark = 0x314C5741;

    // Own ham that nothing is taken from, and from where on none is left.
    private const int All = 2000;
    private const int None = LearnedMessages.MostOfAClass;

    /// <summary>Those that stand beside so much ham of the owner's own. Read anew each time: training is rare, memory is dear.</summary>
    public static IEnumerable<Example> Beside(int ham)
    {
        var share = Math.Clamp((None - ham) / (double)(None - All), 0, 1);
        if (share == 0) return [];
        var all = Load();
        return all.Take((int)(share * all.Count));
    }

    /// <summary>What is read here: the hashes of all, then of each letter the class and the places among them.</summary>
    internal static byte[] Make(IReadOnlyList<(bool IsSpam, uint[] Tokens, uint[] Grams)> letters)
    {
        using var into = new MemoryStream();
        using (var packed = new BrotliStream(into, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            Span<byte> mark = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(mark, Mark);
            packed.Write(mark);
            uint[] tokens = [.. letters.SelectMany(l => l.Tokens).Distinct().Order()];
            uint[] grams = [.. letters.SelectMany(l => l.Grams).Distinct().Order()];
            Write(packed, tokens);
            Write(packed, grams);
            foreach (var letter in letters)
            {
                packed.WriteByte(letter.IsSpam ? (byte)1 : (byte)0);
                Write(packed, [.. letter.Tokens.Select(t => (uint)Array.BinarySearch(tokens, t)).Order()]);
                Write(packed, [.. letter.Grams.Select(g => (uint)Array.BinarySearch(grams, g)).Order()]);
            }
        }
        return into.ToArray();
    }

    internal static List<Example> Read(Stream packed)
    {
        using var plain = new BrotliStream(packed, CompressionMode.Decompress);
        Span<byte> mark = stackalloc byte[4];
        plain.ReadExactly(mark);
        if (BinaryPrimitives.ReadUInt32LittleEndian(mark) != Mark) throw new InvalidDataException("no starting letters");
        var (tokens, grams) = (Numbers(plain), Numbers(plain));
        var letters = new List<Example>();
        while (plain.ReadByte() is var said and >= 0) letters.Add(
            new(0, said == 1, [.. Numbers(plain).Select(n => tokens[n])])
            {
                Grams = LearnedMessages.Pack([.. Numbers(plain).Select(n => grams[n])]),
                IsInvented = true,
            });
        return letters;
    }

    private static void Write(Stream into, uint[] sorted)
    {
        Span<byte> length = stackalloc byte[4];
        var packed = LearnedMessages.Pack(sorted);
        BinaryPrimitives.WriteInt32LittleEndian(length, packed.Length);
        into.Write(length);
        into.Write(packed);
    }

    private static uint[] Numbers(Stream from)
    {
        Span<byte> length = stackalloc byte[4];
        from.ReadExactly(length);
        var packed = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
        from.ReadExactly(packed);
        return LearnedMessages.Unpack(packed);
    }

    private static List<Example> Load()
    {
        using var stream = typeof(StartingLetters).Assembly.GetManifestResourceStream(Resource);
        return stream is null ? [] : Read(stream);
    }
}
