using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>How one authority treated one certificate so far.</summary>
/// <param name="Failures">In a row.</param>
/// <param name="NotBefore">It is left alone until then.</param>
internal sealed record AcmeTry(int Failures, DateTimeOffset NotBefore, string Problem);

/// <summary>The tries for one certificate, by authority; on the shelf, so that a restart does not begin again.</summary>
internal sealed class AcmeTries
{
    public const string Kind = "acme-tries";

    private readonly Dictionary<string, AcmeTry> _byDirectory = new(StringComparer.Ordinal);

    public AcmeTry Of(AcmeAuthority authority) =>
        _byDirectory.GetValueOrDefault(authority.Directory.AbsoluteUri) ?? new(0, DateTimeOffset.MinValue, "");

    public void Set(AcmeAuthority authority, AcmeTry now) => _byDirectory[authority.Directory.AbsoluteUri] = now;

    public void Clear() => _byDirectory.Clear();

    public byte[] Write() => AcmeJson.Octets(new(_byDirectory.Select(p => KeyValuePair.Create<string, JsonNode?>(
        p.Key, new JsonObject { ["failures"] = p.Value.Failures, ["not_before"] = p.Value.NotBefore.ToUnixTimeSeconds(), ["problem"] = p.Value.Problem }))));

    /// <summary>What cannot be read counts as never tried.</summary>
    public static AcmeTries Read(byte[]? value)
    {
        var tries = new AcmeTries();
        foreach (var (directory, node) in value is null ? [] : AcmeJson.Parse(value) ?? [])
            if (node is JsonObject o && o["failures"] is JsonValue f && f.TryGetValue<int>(out var failures)
                && o["not_before"] is JsonValue n && n.TryGetValue<long>(out var until))
                tries._byDirectory[directory] = new(failures, DateTimeOffset.FromUnixTimeSeconds(until), AcmeJson.Text(o, "problem"));
        return tries;
    }
}
