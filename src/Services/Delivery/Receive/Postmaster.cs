namespace Aviso.Delivery;

/// <summary>Addresses that everybody must be able to complain to (RFC 5321 §4.5.1, RFC 2142).</summary>
internal static class Postmaster
{
    public static bool Is(string localPart) =>
        localPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase) || localPart.Equals("abuse", StringComparison.OrdinalIgnoreCase);
}
