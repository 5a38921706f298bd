using System.Buffers;

namespace Aviso.Spam;

/// <summary>
/// Text as words are looked for in it: white space is one space, what cannot be seen is gone, letters in disguise are the letters
/// they look like. Case is kept. One pass, never longer than what comes in.
/// </summary>
public static class PlainText
{
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    // What looks like a Latin letter, in Cyrillic, Greek and Armenian, and below it the letter.
    private const string LookAlikes = "аеорсухіїјѕԁһӏԛԝвкмнтгипАВЕКМНОРСТУХІЇЈЅԌԚԜёѐαβειικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧցոսօհ";
    private const string LookedAlike = "aeopcyxiijsdhlqwbkmhtrunABEKMHOPCTYXIIJSGQWeeabeiikvoptuxwABEZHIKMNOPTYXgnuoh";

    private static readonly char[] Letters = MakeLetters();

    /// <summary>Appends the folded <paramref name="text"/>; a space stands between it and what is there already.</summary>
    public static void Fold(ReadOnlySpan<char> text, IBufferWriter<char> into, ref TextTricks tricks)
    {
        const int piece = 8 * 1024;
        while (!text.IsEmpty)
        {
            // A piece ends at a blank, so that no word is cut, as long as there is one.
            var length = text.Length;
            if (length > piece)
            {
                var blank = text[..piece].LastIndexOfAny(' ', '\n');
                length = blank > 0 ? blank + 1 : piece;
            }
            var buffer = into.GetSpan(length + 1);
            into.Advance(FoldPiece(text[..length], buffer, ref tricks));
            text = text[length..];
        }
    }

    /// <summary>As <see cref="Fold(ReadOnlySpan{char}, IBufferWriter{char}, ref TextTricks)"/>, for short text.</summary>
    public static string Fold(string text)
    {
        var into = new ArrayBufferWriter<char>(text.Length + 1);
        var tricks = default(TextTricks);
        Fold(text, into, ref tricks);
        return into.WrittenSpan.Trim(' ').ToString();
    }

    // Ends with a space.
    private static int FoldPiece(ReadOnlySpan<char> text, Span<char> into, ref TextTricks tricks)
    {
        var written = 0;
        var word = new Word();
        for (var i = 0; i < text.Length;)
        {
            var run = text[i..].IndexOfAnyExcept(Plain);
            if (run < 0) run = text.Length - i;
            if (run > 0)
            {
                text.Slice(i, run).CopyTo(into[written..]);
                written += run;
                word.SawLatin |= char.IsAsciiLetter(text[i + run - 1]) || run > 1;
                i += run;
                continue;
            }
            var c = text[i++];
            if (c is ' ' or '\t' or '\r' or '\n' or '\f' or '\v' || IsSpace(c)) EndWord(into, ref written, ref word, ref tricks);
            else if (IsInvisible(c)) Invisible(c, text, i, written > 0 ? into[written - 1] : ' ', ref tricks);
            else if (c is >= '\uFF01' and <= '\uFF5E') into[written++] = (char)(c - 0xFEE0);
            else if (char.IsHighSurrogate(c) && i < text.Length && char.IsLowSurrogate(text[i]))
            {
                var fancy = Fancy(char.ConvertToUtf32(c, text[i]));
                if (fancy != '\0')
                {
                    tricks.FancyLetters++;
                    into[written++] = fancy;
                }
                else
                {
                    into[written++] = c;
                    into[written++] = text[i];
                }
                i++;
            }
            else if (c is >= '\u24B6' and <= '\u24E9')
            {
                tricks.FancyLetters++;
                into[written++] = (char)(c <= '\u24CF' ? 'A' + (c - '\u24B6') : 'a' + (c - '\u24D0'));
            }
            else
            {
                into[written++] = c;
                if (c < Letters.Length && Letters[c] != '\0') word.LookAlikes++;
                else if (char.IsLetter(c)) word.Others |= c is >= '\u0370' and <= '\u058F';
            }
        }
        EndWord(into, ref written, ref word, ref tricks);
        return written;
    }

    private struct Word
    {
        public int Start;
        public int LookAlikes;
        public bool SawLatin;
        public bool Others;
    }

    // A word of Latin letters and look-alikes of another script is a Latin word in disguise; "IT-отдел" is not.
    private static void EndWord(Span<char> into, ref int written, ref Word word, ref TextTricks tricks)
    {
        if (word.LookAlikes > 0 && word.SawLatin) Undisguise(into[word.Start..written], ref tricks);
        if (written > 0 && into[written - 1] != ' ') into[written++] = ' ';
        word = new Word { Start = written };
    }

    private static void Undisguise(Span<char> text, ref TextTricks tricks)
    {
        for (var i = 0; i < text.Length;)
        {
            if (!char.IsLetter(text[i]))
            {
                i++;
                continue;
            }
            var end = i;
            var (latin, alike, other) = (0, 0, 0);
            for (; end < text.Length && char.IsLetter(text[end]); end++)
            {
                if (char.IsAsciiLetter(text[end])) latin++;
                else if (text[end] < Letters.Length && Letters[text[end]] != '\0') alike++;
                else other++;
            }
            if (latin > 0 && alike > 0 && other == 0 && end - i > 2)
            {
                tricks.MixedWords++;
                for (var at = i; at < end; at++)
                {
                    if (!char.IsAsciiLetter(text[at])) text[at] = Letters[text[at]];
                }
            }
            i = end;
        }
    }

    private static void Invisible(char c, ReadOnlySpan<char> text, int next, char before, ref TextTricks tricks)
    {
        if (c is '\u202D' or '\u202E') tricks.Overrides++;
        // Soft hyphens divide long words of newsletters; joiners belong to Persian, Indic scripts and emoji.
        if (c == '\u00AD' || !IsBicameral(before)) return;
        while (next < text.Length && IsInvisible(text[next])) next++;
        if (next < text.Length && IsBicameral(text[next])) tricks.ZeroWidth++;
    }

    /// <summary>True for Latin, Greek and Cyrillic letters.</summary>
    private static bool IsBicameral(char c) => char.IsAsciiLetter(c) || (c is >= '\u00C0' and <= '\u052F' && char.IsLetter(c));

    /// <summary>Characters that take no room: joiners, fillers, marks of direction, variation selectors.</summary>
    public static bool IsInvisible(char c) =>
        c is '\u00AD' or '\u034F' or '\u061C' or '\u115F' or '\u1160' or '\u17B4' or '\u17B5' or '\u3164' or '\uFFA0'
        or (>= '\u180B' and <= '\u180F') or (>= '\u200B' and <= '\u200F') or (>= '\u202A' and <= '\u202E') or (>= '\u2060' and <= '\u206F')
        or (>= '\uFE00' and <= '\uFE0F') or '\uFEFF';

    /// <summary>A letter of another script that looks like a Latin one.</summary>
    internal static bool LooksLatin(char c) => c < Letters.Length && Letters[c] != '\0';

    private static bool IsSpace(char c) =>
        c is '\u0085' or '\u00A0' or '\u1680' or (>= '\u2000' and <= '\u200A') or '\u2028' or '\u2029' or '\u202F'
        or '\u205F' or '\u3000' or '\u2800';

    // Mathematical alphabets and letters in boxes and circles; '\0' for others.
    private static char Fancy(int c)
    {
        if (c is >= 0x1D400 and <= 0x1D6A3)
        {
            var at = (c - 0x1D400) % 52;
            return (char)(at < 26 ? 'A' + at : 'a' + at - 26);
        }
        if (c is >= 0x1D7CE and <= 0x1D7FF) return (char)('0' + ((c - 0x1D7CE) % 10));
        if (c is >= 0x1F130 and <= 0x1F149) return (char)('A' + c - 0x1F130);
        if (c is >= 0x1F150 and <= 0x1F169) return (char)('A' + c - 0x1F150);
        if (c is >= 0x1F170 and <= 0x1F189) return (char)('A' + c - 0x1F170);
        return '\0';
    }

    private static char[] MakeLetters()
    {
        var letters = new char[0x590];
        for (var i = 0; i < LookAlikes.Length; i++) letters[LookAlikes[i]] = LookedAlike[i];
        return letters;
    }
}
