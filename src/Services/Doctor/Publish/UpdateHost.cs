using System.Net;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>The primary of a zone, asked directly and changed by dynamic update (RFC 2136).</summary>
/// <param name="zone">The apex; null to find it.</param>
public sealed class UpdateHost(IPEndPoint server, TsigKey? key, string? zone, IResolver resolver, TimeProvider clock) : IDnsHost,
    IRecordSource
{
    private readonly ZoneServers _zones = new(resolver, clock);
    private readonly OneServer _one = new(clock);

    public string Name => server.ToString();

    public string? Zone => zone;

    public IRecordSource Look() => this;

    public async Task<FoundSet> ReadAsync(string name, DnsType type, CancellationToken cancel)
    {
        var said = await _one.AskAsync(server, name, type, cancel);
        return said.Trouble.Length > 0 ? FoundSet.Unknown($"{server}: {said.Trouble}")
            : await AuthoritySource.FollowedAsync(name, type, said.Answer, resolver, cancel);
    }

    public async Task<string?> ChangeAsync(
        string name, IReadOnlyList<FoundRecord> removes, IReadOnlyList<DnsRecord> adds, CancellationToken cancel)
    {
        if ((zone ?? await _zones.ZoneAsync(name, cancel)) is not { } apex) return $"the zone of {name} cannot be found; give it as `zone`";
        var result = await DnsUpdate.SendAsync(server, apex, adds, [.. removes.Select(r => r.Record)], key, cancel, clock);
        return result.Ok ? null : result.Problem;
    }
}
