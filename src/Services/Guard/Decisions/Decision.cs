using System.Net;
using System.Text.Json.Serialization;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>Somebody may not connect, until when, and why.</summary>
/// <param name="Id">Ours, ascending; 0 before it has been taken.</param>
/// <param name="Origin">"aviso" (our scenarios), "cscli" (an administrator), "cscli-import", "crowdsec"...</param>
/// <param name="Scenario">The scenario or the reason that was given.</param>
/// <param name="Type">"ban"; other types are kept and listed and do nothing here.</param>
/// <param name="Value">An address, or a network as address/prefix, in canonical form.</param>
/// <param name="Events">How much evidence there was.</param>
/// <param name="Evidence">What was seen last, in words.</param>
/// <param name="Repeat">How often this client was banned before.</param>
public sealed record Decision(
    long Id, string Origin, string Scenario, string Type, string Value, DateTimeOffset Since, DateTimeOffset Until, int Events = 1,
    string Evidence = "", int Repeat = 0)
{
    public const string Ban = "ban";

    /// <summary>The id at the CrowdSec engine that decided; 0 when it was decided here.</summary>
    public long EngineId { get; init; }

    /// <summary>"Ip" or "Range", as CrowdSec calls them.</summary>
    [JsonIgnore]
    public string Scope => Value.Contains('/', StringComparison.Ordinal) ? "Range" : "Ip";

    /// <summary>Taken by a person: holds for addresses with a login too.</summary>
    [JsonIgnore]
    public bool IsManual => Origin is "cscli" or "cscli-import" or "selftest";

    [JsonIgnore]
    public IPNetwork Network => Networks.TryParse(Value, out var network) ? network : throw new FormatException($"'{Value}' is no network");

    /// <summary>The canonical form of an address or a network; null when it is none. A network of one address is that address.</summary>
    public static string? Canonical(string text)
    {
        if (!Networks.TryParse(text, out var network)) return null;
        var address = Networks.Normal(network.BaseAddress);
        var width = network.BaseAddress.AddressFamily == address.AddressFamily ? network.PrefixLength : network.PrefixLength - 96;
        if (width < 0) return null;
        return width == (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128)
            ? address.ToString() : $"{address}/{width}";
    }

    /// <summary>The values of all networks in which an address or a network lies, widest first, itself last.</summary>
    public static IEnumerable<string> Around(string value)
    {
        if (!Networks.TryParse(value, out var inner)) yield break;
        for (var prefix = 0; prefix <= inner.PrefixLength; prefix++) yield return Canonical($"{inner.BaseAddress}/{prefix}")!;
    }

    /// <summary>What a ban of this client names: an IPv4 address, or the /64 of an IPv6 address.</summary>
    public static string ClientOf(IPAddress client)
    {
        var address = Networks.Normal(client);
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork) return address.ToString();
        var octets = address.GetAddressBytes();
        octets.AsSpan(8).Clear();
        return $"{new IPAddress(octets)}/64";
    }
}

[JsonSerializable(typeof(Decision))]
internal sealed partial class DecisionJson : JsonSerializerContext;
