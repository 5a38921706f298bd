namespace Aviso.Dns;

/// <summary>Types by the names that people write.</summary>
public static class DnsTypes
{
    /// <summary>"AAAA"; "TYPE65" for one that we do not read (RFC 3597 §5).</summary>
    public static string NameOf(DnsType type) =>
        Enum.IsDefined(type) ? type.ToString().ToUpperInvariant() : $"TYPE{(ushort)type}";

    public static DnsType? Parse(string name) =>
        name.Length > 0 && char.IsAsciiLetter(name[0]) && Enum.TryParse<DnsType>(name, ignoreCase: true, out var type) ? type : null;
}
