using System.Buffers;

namespace Aviso.Mime;

/// <summary>
/// What an ENVELOPE leaves open, for who wants the fields themselves and not what IMAP shows of them: it fills Sender and Reply-To from
/// From (RFC 9051 §7.5.2), shows the first field of a name and trims text. Frozen: the numbers are on disk.
/// </summary>
[Flags]
public enum EnvelopeMarks : byte
{
    None = 0,

    /// <summary>There is a Sender field.</summary>
    Sender = 1,

    /// <summary>There is a Reply-To field.</summary>
    ReplyTo = 2,

    /// <summary>The fields themselves say more: one stands twice, or is cut, or holds what an ENVELOPE does not show.</summary>
    Inexact = 4,
}

internal static class EnvelopeMarkReader
{
    private const int Texts = 6;

    private static readonly SearchValues<byte> LettersAndDigits =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    public static EnvelopeMarks Read(ReadOnlySpan<byte> header, bool isCut)
    {
        var marks = isCut ? EnvelopeMarks.Inexact : EnvelopeMarks.None;
        var seen = 0;
        foreach (var field in new HeaderFields(header))
        {
            var which = Place(field);
            if (which < 0) continue;
            var bit = 1 << which;
            if ((seen & bit) != 0 || !IsShown(field.Value, isAddresses: which < Texts)) marks |= EnvelopeMarks.Inexact;
            seen |= bit;
            if (which < 2) marks |= (EnvelopeMarks)bit;
        }
        return marks;
    }

    // Sender and Reply-To have the places of their marks, addresses come before texts.
    private static int Place(in HeaderField field) => field.Name.Length switch
    {
        2 when field.Is("To"u8) => 2,
        2 when field.Is("Cc"u8) => 3,
        3 when field.Is("Bcc"u8) => 4,
        4 when field.Is("From"u8) => 5,
        4 when field.Is("Date"u8) => Texts,
        6 when field.Is("Sender"u8) => 0,
        7 when field.Is("Subject"u8) => Texts + 1,
        8 when field.Is("Reply-To"u8) => 1,
        10 when field.Is("Message-ID"u8) => Texts + 2,
        11 when field.Is("In-Reply-To"u8) => Texts + 3,
        _ => -1,
    };

    // An address field without a word has no address, and one with a comment perhaps none: an ENVELOPE has NIL for it, as for no field.
    private static bool IsShown(ReadOnlySpan<byte> value, bool isAddresses)
    {
        // What is not ASCII is UTF-8 in an ENVELOPE, which within an encoded word is something else.
        if (value.Contains((byte)0) || (value.IndexOf("=?"u8) >= 0 && !System.Text.Ascii.IsValid(value))) return false;
        if (!isAddresses) return value.IsEmpty || value[^1] is not ((byte)' ' or (byte)'\t');
        return !value.Contains((byte)'(') && (value.ContainsAny(LettersAndDigits) || !System.Text.Ascii.IsValid(value));
    }
}
