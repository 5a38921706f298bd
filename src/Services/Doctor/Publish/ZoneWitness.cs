using System.Net;
using Aviso.Delivery;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>
/// Asks every server of a zone for a key's record. One that cannot be reached from here (port 53 outward is closed in many places, IPv6
/// without a path) says nothing; one that answers without the record does.
/// </summary>
public sealed class ZoneWitness(Func<DnsHosts> hosts, IResolver resolver, TimeProvider clock) : IKeyWitness
{
    private readonly ZoneServers _zones = new(resolver, clock);
    private readonly OneServer _one = new(clock);

    public async Task<string?> MissingAsync(string name, string record, CancellationToken cancel)
    {
        var wanted = SigningKeys.KeyIn(record);
        var lags = new List<IPEndPoint>();
        foreach (var server in await ServersAsync(name, cancel))
        {
            var said = await _one.AskAsync(server, name, DnsType.Txt, cancel);
            if (said.Trouble.Length == 0 && !said.Answer.Of<TxtRecord>().Any(t => SigningKeys.KeyIn(t.Text) == wanted)) lags.Add(server);
        }
        return lags.Count == 0 ? null : $"{name} is not at {string.Join(", ", lags)} yet";
    }

    private async Task<IReadOnlyList<IPEndPoint>> ServersAsync(string name, CancellationToken cancel) =>
        hosts().For(name) is { Checks: { Count: > 0 } checks } ? checks : (await _zones.FindAsync(name, cancel))?.Servers ?? [];
}
