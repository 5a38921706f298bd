using System.Buffers.Text;

namespace Aviso.Jmap;

/// <summary>data: URIs (RFC 2397).</summary>
internal static class DataUri
{
    private const string Scheme = "data:", Base64Mark = ";base64";

    public static string Of(string type, ReadOnlySpan<byte> octets) => $"{Scheme}{type}{Base64Mark},{Convert.ToBase64String(octets)}";

    /// <summary>Its octets where they are in base64; empty where they are spelt otherwise, null for another URI.</summary>
    public static byte[]? Read(string uri)
    {
        if (!uri.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return null;
        var comma = uri.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || !uri[..comma].EndsWith(Base64Mark, StringComparison.OrdinalIgnoreCase)) return [];
        var octets = new byte[Base64.GetMaxDecodedFromUtf8Length(uri.Length - comma) + 3];
        return Convert.TryFromBase64String(uri[(comma + 1)..], octets, out var length) ? octets[..length] : [];
    }

    /// <summary>The media type that it says, without parameters; empty when it says none.</summary>
    public static string TypeOf(string uri)
    {
        var end = uri.AsSpan().IndexOfAny(';', ',');
        return end > Scheme.Length ? uri[Scheme.Length..end] : "";
    }
}
