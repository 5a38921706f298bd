using System.Net;
using Aviso.Dns;

namespace Aviso.Net;

/// <summary>Changes TXT records in the public DNS. Answers null, or a text that says what to do.</summary>
public interface IDnsPublisher
{
    /// <summary>Adds a value beside those that are there.</summary>
    Task<string?> AddTextAsync(string name, string value, CancellationToken cancel);

    /// <summary>Takes away this value only.</summary>
    Task<string?> RemoveTextAsync(string name, string value, CancellationToken cancel);
}

/// <summary>By dynamic update (RFC 2136) on the zone's primary.</summary>
/// <param name="zone">The apex; null to find it.</param>
public sealed class UpdatePublisher(IPEndPoint server, TsigKey? key, string? zone, IResolver resolver, TimeProvider clock) : IDnsPublisher
{
    private const uint Ttl = 60;

    private readonly ZoneServers _zones = new(resolver, clock);

    public Task<string?> AddTextAsync(string name, string value, CancellationToken cancel) =>
        SendAsync(name, [DnsUpdate.Txt(name, Ttl, value)], [], cancel);

    public Task<string?> RemoveTextAsync(string name, string value, CancellationToken cancel) =>
        SendAsync(name, [], [DnsUpdate.Txt(name, 0, value)], cancel);

    private async Task<string?> SendAsync(
        string name, IReadOnlyList<DnsRecord> adds, IReadOnlyList<DnsRecord> deletes, CancellationToken cancel)
    {
        if ((zone ?? await _zones.ZoneAsync(name, cancel)) is not { } apex) return $"the zone of {name} cannot be found; give it as `zone`";
        var result = await DnsUpdate.SendAsync(server, apex, adds, deletes, key, cancel, clock);
        return result.Ok ? null : result.Problem;
    }
}
