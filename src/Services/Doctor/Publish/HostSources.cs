using System.Collections.Concurrent;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>Reads a name at the host that holds its zone; names of nobody we may change, at the servers of their zone.</summary>
/// <param name="asks">False where the DNS is not asked.</param>
public sealed class HostSources(Func<DnsHosts> hosts, Func<bool> asks, IResolver resolver, TimeProvider clock) : IRecordSources
{
    public IRecordLook? Look() => asks() ? new One(hosts(), new(resolver, clock)) : null;

    private sealed class One(DnsHosts hosts, AuthoritySource others) : IRecordLook
    {
        private readonly ConcurrentDictionary<IDnsHost, IRecordSource> _looks = new();

        public IReadOnlyList<string> Notes => [.. _looks.Values.SelectMany(l => l.Notes)];

        public IRecordSource For(string name) => hosts.For(name) is not { } entry ? others
            : _looks.GetOrAdd(entry.Host, h => h.Zone is null ? new Either(h.Look(), others) : h.Look());
    }

    /// <summary>A host without a zone of its own is tried for every name; what it does not hold is asked of its zone's servers.</summary>
    private sealed class Either(IRecordSource host, IRecordSource others) : IRecordSource
    {
        private volatile string? _trouble;

        // One stands for all: there is one for each name.
        public IReadOnlyList<string> Notes => [.. host.Notes, .. _trouble is { } trouble ? [trouble] : (string[])[]];

        public IReadOnlyList<string> NamesBelow(string domain) => host.NamesBelow(domain);

        public async Task<FoundSet> ReadAsync(string name, DnsType type, CancellationToken cancel)
        {
            var found = await host.ReadAsync(name, type, cancel);
            if (found.Trouble.Length == 0) return found;
            _trouble ??= found.Trouble;
            return await others.ReadAsync(name, type, cancel);
        }
    }
}
