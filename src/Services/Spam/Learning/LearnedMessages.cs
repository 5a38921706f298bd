using Aviso.Store;

namespace Aviso.Spam;

/// <summary>
/// The learned messages on disk (DATA/spam.db): of each the hashes of its tokens and of its grams, whose it is and what it was said to be.
/// Keyed by message, so a message counts once, and saying the opposite replaces what was said. Of each class the newest
/// <see cref="MostOfAClass"/> are kept: with 8 KiB each, 80 MiB at most.
/// </summary>
internal sealed class LearnedMessages(RowFile file, TimeProvider clock)
{
    public const int MostOfAClass = 5000;
    private const int Kind = 1;
    private const int Ham = 0;
    private const int Spam = 1;

    // What one training holds in memory: 8 M tokens are 32 MiB, and the grams as they are packed.
    private const long MostTokens = 8 * 1024 * 1024;
    private const long MostGramOctets = 24 * 1024 * 1024;

    /// <summary>True when this says something new.</summary>
    /// <param name="tokens">As <see cref="TokenSet.ToArray"/>.</param>
    /// <param name="grams">As <see cref="GramSet.ToArray"/>.</param>
    public bool Set(long owner, ReadOnlySpan<byte> key, bool isSpam, uint[] tokens, uint[] grams)
    {
        var known = -1;
        file.Get(Kind, owner, key, (in RowFile.Row row) => known = (int)row.Number);
        var said = isSpam ? Spam : Ham;
        if (known == said) return false;
        var name = key.ToArray();
        file.Change(batch =>
        {
            batch.Set(Kind, owner, name, said, clock.GetUtcNow().ToUnixTimeSeconds(), Join(tokens, grams));
            batch.KeepNewest(Kind, said, MostOfAClass);
        });
        return true;
    }

    /// <summary>Takes back what was said; true when something was.</summary>
    public bool Remove(long owner, ReadOnlySpan<byte> key)
    {
        var name = key.ToArray();
        var removed = false;
        file.Change(batch => removed = batch.Remove(Kind, owner, name));
        return removed;
    }

    /// <summary>What was said of it; null when nothing.</summary>
    public bool? Find(long owner, ReadOnlySpan<byte> key)
    {
        bool? said = null;
        file.Get(Kind, owner, key, (in RowFile.Row row) => said = row.Number == Spam);
        return said;
    }

    public (int Ham, int Spam) Counts() => ((int)file.CountOf(Kind, Ham), (int)file.CountOf(Kind, Spam));

    /// <summary>Newest first, of one owner or of all.</summary>
    public List<Example> Read(long? owner, int most)
    {
        var examples = new List<Example>();
        var (left, gramsLeft) = (MostTokens, MostGramOctets);
        file.Each(Kind, owner, most, (in RowFile.Row row) =>
        {
            if (left <= 0) return;
            var middle = Middle(row.Value);
            var tokens = Unpack(row.Value[..middle]);
            left -= tokens.Length;
            var grams = middle < row.Value.Length && gramsLeft > 0 ? row.Value[(middle + 1)..].ToArray() : [];
            gramsLeft -= grams.Length;
            examples.Add(new(row.Owner, row.Number == Spam, tokens) { Grams = grams });
        });
        return examples;
    }

    private static byte[] Join(uint[] tokens, uint[] grams) => [.. Pack(tokens), 0, .. Pack(grams)];

    // Behind the first number no difference is 0: that ends the tokens. Rows of older versions have nothing behind them.
    private static int Middle(ReadOnlySpan<byte> value)
    {
        for (var at = 1; at < value.Length; at++)
        {
            if (value[at] == 0 && value[at - 1] < 0x80) return at;
        }
        return value.Length;
    }

    // Sorted numbers as differences, seven bits an octet.
    internal static byte[] Pack(uint[] sorted)
    {
        var packed = new byte[sorted.Length * 5];
        var length = 0;
        var last = 0u;
        foreach (var token in sorted)
        {
            var rest = token - last;
            last = token;
            for (; rest > 0x7F; rest >>= 7) packed[length++] = (byte)(rest | 0x80);
            packed[length++] = (byte)rest;
        }
        return packed[..length];
    }

    internal static uint[] Unpack(ReadOnlySpan<byte> packed)
    {
        var tokens = new uint[packed.Length];
        var count = 0;
        var last = 0u;
        for (var at = 0; at < packed.Length;)
        {
            var rest = 0u;
            for (var shift = 0; at < packed.Length; shift += 7)
            {
                var octet = packed[at++];
                rest |= (uint)(octet & 0x7F) << shift;
                if (octet < 0x80) break;
            }
            tokens[count++] = last += rest;
        }
        return tokens[..count];
    }
}
