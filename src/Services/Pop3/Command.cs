using System.Buffers.Text;
using System.Text;

namespace Aviso.Pop3;

/// <summary>One line of the client (RFC 1939 §3: a keyword of three or four letters, arguments after single spaces).</summary>
/// <param name="Name">In capitals; empty when there is none.</param>
/// <param name="Rest">What stands after the first space, octet by octet: a password may hold spaces. Null: there is no space.</param>
internal readonly record struct Command(string Name, string? Rest)
{
    private const int LongestName = 4;

    // Octets that are no UTF-8 (RFC 6856 §2.2: to be refused) become a character that no name and no password has.
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: false);

    public static Command Of(ReadOnlySpan<byte> line)
    {
        var space = line.IndexOf((byte)' ');
        var name = space < 0 ? line : line[..space];
        if (name.Length is 0 or > LongestName || !Ascii.IsValid(name)) return new("", null);
        return new(Encoding.ASCII.GetString(name).ToUpperInvariant(), space < 0 ? null : Utf8.GetString(line[(space + 1)..]));
    }

    /// <summary>Nothing but the keyword; spaces after it do no harm.</summary>
    public bool IsBare => string.IsNullOrWhiteSpace(Rest);

    /// <summary>The arguments, set off by spaces; at most <paramref name="most"/>, else none at all.</summary>
    public string[] Words(int most) =>
        (Rest ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries) is var words && words.Length <= most ? words : [];

    /// <summary>Exactly so many numbers of digits. A number beyond what fits is the largest: no message has it.</summary>
    public bool TryNumbers(Span<int> numbers)
    {
        var words = Words(numbers.Length);
        if (words.Length != numbers.Length) return false;
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i].AsSpan().ContainsAnyExceptInRange('0', '9')) return false;
            var digits = Encoding.ASCII.GetBytes(words[i]);
            numbers[i] = Utf8Parser.TryParse(digits, out int number, out var used) && used == digits.Length ? number : int.MaxValue;
        }
        return true;
    }
}
