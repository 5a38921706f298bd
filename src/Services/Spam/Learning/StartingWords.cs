using System.Buffers.Binary;
using System.IO.Compression;

namespace Aviso.Spam;

/// <summary>
/// What the server knows of words before anybody taught it: a small model made of letters that we invented, in ten languages
/// (tests/Bench/Start). It looks at words and pairs of words alone, and fades as mail of the owner's own is learned.
/// </summary>
internal sealed class StartingWords
{
    private const string Resource = "Aviso.Spam.start";
    private const uint Mark = 0x31535741;

    private readonly WordModel _model;

    private StartingWords(WordModel model) => _model = model;

    /// <summary>What is shipped; null where a build has none.</summary>
    public static StartingWords? Shipped { get; } = Load();

    /// <summary>Log-odds of spam by the words that are known alone: above 0 speaks for spam.</summary>
    public double Judge(ReadOnlySpan<uint> tokens)
    {
        var kept = new uint[tokens.Length];
        var count = 0;
        foreach (var token in kept.AsSpan(0, Keep(tokens, kept)))
        {
            if (_model.Knows(token)) kept[count++] = token;
        }
        return _model.Judge(kept.AsSpan(0, count));
    }

    /// <summary>Trains on examples and writes what is read here.</summary>
    internal static byte[] Make(IReadOnlyList<Example> examples, int bits, CancellationToken cancel)
    {
        var words = examples.Select(e =>
        {
            var kept = new uint[e.Tokens.Length];
            return e with { Tokens = kept[..Keep(e.Tokens, kept)] };
        });
        var model = WordModel.Train([.. words], bits, null, cancel);
        using var into = new MemoryStream();
        using (var packed = new BrotliStream(into, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            Span<byte> head = stackalloc byte[8];
            BinaryPrimitives.WriteUInt32LittleEndian(head, Mark);
            BinaryPrimitives.WriteInt32LittleEndian(head[4..], bits);
            packed.Write(head);
            packed.Write(model.Quantized());
        }
        return into.ToArray();
    }

    internal static StartingWords Read(Stream packed)
    {
        using var plain = new BrotliStream(packed, CompressionMode.Decompress);
        Span<byte> head = stackalloc byte[8];
        plain.ReadExactly(head);
        var bits = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) != Mark || bits is < 8 or > 20)
            throw new InvalidDataException("no starting words");
        var octets = new byte[WordModel.QuantizedLength(bits)];
        plain.ReadExactly(octets);
        return new(WordModel.FromQuantized(bits, octets));
    }

    private static StartingWords? Load()
    {
        using var stream = typeof(StartingWords).Assembly.GetManifestResourceStream(Resource);
        return stream is null ? null : Read(stream);
    }

    // Headers and the make of a message tell of who wrote the templates; only what is said goes beyond them.
    private static int Keep(ReadOnlySpan<uint> tokens, Span<uint> into)
    {
        var count = 0;
        foreach (var token in tokens)
        {
            if (TokenSet.GroupOf(token) is TokenGroup.Word or TokenGroup.Pair) into[count++] = token;
        }
        return count;
    }
}
