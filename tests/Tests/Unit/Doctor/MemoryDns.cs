using Aviso.Dns;
using Aviso.Doctor;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>A zone in memory that can be read, changed and asked; changes happen whole or not at all, unless it is told to fail.</summary>
internal sealed class MemoryDns : IDnsHost, IRecordSource, IRecordSources, IRecordLook, IResolver
{
    public List<DnsRecord> Records { get; } = [];

    /// <summary>What the next change does: null works.</summary>
    public Func<Change, string?>? Next { get; set; }

    /// <summary>Questions for this name are not answered.</summary>
    public string? Silent { get; set; }

    public string Name => "memory";

    public string? Zone => null;

    public IReadOnlyList<string> Notes => [];

    public DnsHosts Hosts => new([new(this, [], TimeSpan.FromSeconds(1))]);

    IRecordLook? IRecordSources.Look() => this;

    IRecordSource IDnsHost.Look() => this;

    public IRecordSource For(string name) => this;

    /// <summary>One value for each record, in order: what a snapshot is compared by.</summary>
    public IReadOnlyList<string> Snapshot => [.. Records.Select(r => $"{r.Name} {r.Type} {RecordText.Of(r)}")
        .Order(StringComparer.Ordinal)];

    public MemoryDns Put(string name, DnsType type, string value)
    {
        Records.Add(RecordText.Parse(name, 300, type, value) ?? throw new ArgumentException(value, nameof(value)));
        return this;
    }

    public Task<FoundSet> ReadAsync(string name, DnsType type, CancellationToken cancel)
    {
        if (name == Silent) return Task.FromResult(FoundSet.Unknown("SERVFAIL"));
        var here = Records.Where(r => r.Name == name && r.Type == type).ToList();
        var alias = here.Count > 0 || type == DnsType.Cname ? null : Records.OfType<CnameRecord>().FirstOrDefault(c => c.Name == name);
        if (alias is not null) here = [.. Records.Where(r => r.Name == alias.Target && r.Type == type)];
        return Task.FromResult(new FoundSet([.. here.Select(r => new FoundRecord(r))]) { Alias = alias?.Target });
    }

    public Task<string?> ChangeAsync(string name, IReadOnlyList<FoundRecord> removes, IReadOnlyList<DnsRecord> adds,
        CancellationToken cancel)
    {
        var change = new Change(this, removes, adds);
        var next = Next;
        Next = null;
        if (next is not null) return Task.FromResult(next(change));
        change.Do();
        return Task.FromResult<string?>(null);
    }

    public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel)
    {
        if (name == Silent) return ValueTask.FromResult(DnsAnswer.None(DnsStatus.ServFail));
        var here = Records.Where(r => r.Name == name && r.Type == type).ToList();
        return ValueTask.FromResult(new DnsAnswer(here.Count > 0 ? DnsStatus.Ok : DnsStatus.NxDomain, false, here,
            default)
        { CanonicalName = name });
    }

    internal sealed record Change(MemoryDns Zone, IReadOnlyList<FoundRecord> Removes, IReadOnlyList<DnsRecord> Adds)
    {
        public void Do()
        {
            foreach (var gone in Removes)
                if (!Zone.Records.Remove(gone.Record)) throw new InvalidOperationException($"{gone.Text} is not there");
            Zone.Records.AddRange(Adds);
        }
    }
}
