using System.Buffers;
using System.Net;
using Aviso.Base;
using Aviso.Dns;
using Aviso.Net;

namespace Aviso.Spam;

/// <summary>What a line of an allow or block list names.</summary>
public enum SenderKind
{
    /// <summary>alice@example.org.</summary>
    Address,

    /// <summary>@example.org: this domain only.</summary>
    Domain,

    /// <summary>example.org: this domain and all below it.</summary>
    DomainTree,

    /// <summary>192.0.2.1, 192.0.2.0/24, 2001:db8::/32: the client.</summary>
    Network,
}

/// <summary>One line of an allow or block list.</summary>
/// <param name="Text">As it is shown: lower case, domains as A-labels.</param>
/// <param name="NeedsProof">It only counts when SPF or DKIM proves the sender (DMARC's alignment). Networks prove themselves.</param>
public sealed record SenderEntry(SenderKind Kind, string Text, bool NeedsProof)
{
    /// <summary>For <see cref="SenderKind.Network"/>.</summary>
    public IPNetwork Network { get; private init; }

    /// <summary>What an address is compared with: the whole of it, or its domain.</summary>
    internal string Key => Kind == SenderKind.Domain ? Text[1..] : Text;

    private static readonly SearchValues<char> NotInAddress = SearchValues.Create(" \t<>,;:\"");

    /// <summary>Null with <paramref name="problem"/>, which completes "`text` ...".</summary>
    public static SenderEntry? Parse(string text, bool needsProof, out string problem)
    {
        problem = "is no address, domain, @domain or network";
        text = text.Trim();
        if (text.Length is 0 or > 320) return null;
        if (Networks.TryParse(text, out var network)) return OfNetwork(network, out problem);
        if (text.StartsWith('@')) return AsDomain(text.AsSpan(1)) is { } exact ? new(SenderKind.Domain, "@" + exact, needsProof) : null;
        if (MailAddress.TryCut(text, out var local, out var host))
        {
            if (AsDomain(host) is not { } at || local.ContainsAny(NotInAddress)) return null;
            return new(SenderKind.Address, $"{local.ToString().ToLowerInvariant()}@{at}", needsProof);
        }
        if (AsDomain(text) is not { } domain) return null;
        if (PublicSuffixes.Embedded.RegistrableDomain(domain) is not null) return new(SenderKind.DomainTree, domain, needsProof);
        problem = "is a name under which anybody may have a domain";
        return null;
    }

    /// <summary>Lower case with A-labels; null for what is no full domain name.</summary>
    internal static string? AsDomain(ReadOnlySpan<char> text) => DomainName.TryParse(text, out var name) && IsFull(name) ? name.Ascii : null;

    /// <summary>RFC 3696 §2: no top-level domain is all digits, so that would be an address cut short.</summary>
    internal static bool IsFull(DomainName name)
    {
        var top = name.Ascii.AsSpan(name.Ascii.LastIndexOf('.') + 1);
        return !name.IsLiteral && top.Length < name.Ascii.Length && top.IndexOfAnyExceptInRange('0', '9') >= 0;
    }

    private static SenderEntry? OfNetwork(IPNetwork network, out string problem)
    {
        problem = "is too large a network: at most a /8, for IPv6 a /19";
        var isOld = network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
        if (network.PrefixLength < (isOld ? 8 : 19)) return null;
        var text = network.PrefixLength == (isOld ? 32 : 128) ? network.BaseAddress.ToString() : network.ToString();
        return new(SenderKind.Network, text, false) { Network = network };
    }
}

/// <summary>Entries, found by what they name.</summary>
internal sealed class SenderIndex
{
    private readonly Dictionary<string, SenderEntry> _addresses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SenderEntry> _domains = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SenderEntry> _trees = new(StringComparer.Ordinal);
    private readonly List<SenderEntry> _networks = [];

    public SenderIndex(IEnumerable<SenderEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (entry.Kind == SenderKind.Network) _networks.Add(entry);
            else (entry.Kind switch { SenderKind.Address => _addresses, SenderKind.Domain => _domains, _ => _trees })[entry.Key] = entry;
        }
    }

    public bool IsEmpty => _addresses.Count + _domains.Count + _trees.Count + _networks.Count == 0;

    /// <summary>The closest entry for an address in lower case with A-labels.</summary>
    public SenderEntry? Find(string address)
    {
        if (address.Length == 0) return null;
        if (_addresses.TryGetValue(address, out var entry)) return entry;
        var domain = MailAddress.TryCut(address, out _, out var host) ? host.ToString() : address;
        if (_domains.TryGetValue(domain, out entry)) return entry;
        for (var rest = domain; _trees.Count > 0 && rest.Length > 0;)
        {
            if (_trees.TryGetValue(rest, out entry)) return entry;
            var dot = rest.IndexOf('.', StringComparison.Ordinal);
            rest = dot < 0 ? "" : rest[(dot + 1)..];
        }
        return null;
    }

    public SenderEntry? Find(IPAddress client) => _networks.Find(e => e.Network.Contains(client));
}
