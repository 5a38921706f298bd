using System.Runtime.InteropServices;
using Aviso.Store.Blobs;

namespace Aviso.Trace;

/// <summary>What a trace is found by, in 32 bits. Two texts may share one: what was found is compared with the text itself.</summary>
internal static class TraceToken
{
    /// <summary>Longer texts are told apart by this much of them.</summary>
    private const int Most = 256;

    /// <summary>Without regard to case.</summary>
    public static uint Of(ReadOnlySpan<char> text)
    {
        Span<char> lower = stackalloc char[Most];
        if (text.Length > Most) text = text[..Most];
        var length = text.ToLowerInvariant(lower);
        return Crc32C.Of(MemoryMarshal.AsBytes(lower[..length]));
    }

    /// <summary>Words of a subject: letters and digits, two at least, sixteen words at most.</summary>
    public static void EachWord(ReadOnlySpan<char> text, Action<ReadOnlySpan<char>> word)
    {
        var (start, words) = (-1, 0);
        for (var i = 0; i <= text.Length && words < 16; i++)
        {
            var isWord = i < text.Length && char.IsLetterOrDigit(text[i]);
            if (isWord && start < 0) start = i;
            if (isWord || start < 0) continue;
            if (i - start > 1)
            {
                words++;
                word(text[start..i]);
            }
            start = -1;
        }
    }
}
