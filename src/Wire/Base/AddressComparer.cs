namespace Aviso.Base;

/// <summary>
/// Whether two texts name one mailbox, for what is written in headers, scripts and rows: the domain by its A-labels, the local part
/// unquoted and in any case. RFC 5321 §2.4 lets a host tell cases apart; none does, and a loop or a second answer is worse. What is no
/// address is compared as it stands, in any case.
/// </summary>
public sealed class AddressComparer : IEqualityComparer<string>
{
    public static readonly AddressComparer Instance = new();

    private AddressComparer()
    {
    }

    /// <summary>The one text that stands for all spellings of the address.</summary>
    public static string Key(string text) =>
        (MailAddress.TryParse(text, out var address) ? $"{address.LocalPart}@{address.Domain.Ascii}" : text).ToLowerInvariant();

    public bool Equals(string? x, string? y) =>
        string.Equals(x, y, StringComparison.OrdinalIgnoreCase) || (x is not null && y is not null && Key(x) == Key(y));

    public int GetHashCode(string obj) => Key(obj).GetHashCode(StringComparison.Ordinal);
}
