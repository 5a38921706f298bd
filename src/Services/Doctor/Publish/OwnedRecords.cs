// Publish owns changing the DNS: providers, what this server wrote there, apply and roll back. Rules in here: only records of the plan and
// records that this server wrote are touched, value by value, so that whatever else stands at a name survives; what is about to be
// written stands in the store before it is sent, with what stood before, so that a crash between leaves something to finish or to undo;
// nothing is taken for done before every server of the zone shows it.
using System.Text.Json.Serialization;
using Aviso.Dns;
using Aviso.Store;

namespace Aviso.Doctor;

/// <summary>What this server wrote at one place, newest last.</summary>
public sealed record OwnedSet(string Domain, DnsPurpose Purpose, string Name, DnsType Type, IReadOnlyList<OwnedStep> Steps)
{
    /// <summary>What it wrote last of its own, or was about to; empty after it removed it.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Written => Steps.Count > 0 ? Steps[^1].Ours : [];

    [JsonIgnore]
    public WantedSet AsWanted => new(Domain, Purpose, Name, Type, Written, "");
}

/// <summary>One change.</summary>
/// <param name="Run">All of one `dns apply`; they are rolled back together.</param>
/// <param name="Before">The values of this purpose that stood there.</param>
/// <param name="After">Those after it, with what others have in them.</param>
/// <param name="Ours">Our part of these: what goes when nothing needs it any more.</param>
public sealed record OwnedStep(long Run, IReadOnlyList<string> Before, IReadOnlyList<string> After, IReadOnlyList<string> Ours, uint Ttl);

/// <summary>What this server wrote into the DNS, kept in the store.</summary>
public sealed class OwnedRecords(IDocumentRows documents, TimeProvider clock)
{
    private const string Kind = "dns-record";

    // As many applies can be taken back one after the other.
    private const int MostSteps = 10;

    public async Task<IReadOnlyList<OwnedSet>> AllAsync(CancellationToken cancel) =>
        [.. (await documents.ListDocumentsAsync(default, Kind, cancel)).Select(d => d.Read(OwnedJson.Default.OwnedSet)).OfType<OwnedSet>()];

    /// <summary>What it wrote last at each place.</summary>
    public async Task<IReadOnlyList<WantedSet>> WrittenAsync(CancellationToken cancel) =>
        [.. (await AllAsync(cancel)).Select(o => o.AsWanted)];

    /// <summary>When this returns the step survives a crash.</summary>
    public Task AddAsync(PlanLine line, IReadOnlyList<OwnedSet> all, OwnedStep step, CancellationToken cancel)
    {
        var there = all.FirstOrDefault(o => o.Name == line.Name && o.Type == line.Type && o.Purpose == line.Purpose);
        IReadOnlyList<OwnedStep> steps = there?.Steps ?? [];
        // The same once more, after a try that failed: one step to take back.
        if (steps is [.., var last] && last.Before.SequenceEqual(step.Before) && last.After.SequenceEqual(step.After)
            && last.Ours.SequenceEqual(step.Ours)) steps = [.. steps.SkipLast(1)];
        return WriteAsync(new(line.Domain, line.Purpose, line.Name, line.Type, [.. steps.TakeLast(MostSteps - 1), step]), cancel);
    }

    /// <summary>The last step is undone, or never happened.</summary>
    public Task DropLastAsync(OwnedSet owned, CancellationToken cancel) => owned.Steps.Count > 1
        ? WriteAsync(owned with { Steps = [.. owned.Steps.SkipLast(1)] }, cancel)
        : documents.ChangeDocumentsAsync([], [Key(owned)], cancel);

    private Task WriteAsync(OwnedSet owned, CancellationToken cancel) => documents.ChangeDocumentsAsync(
        [Documents.Of(Key(owned), owned, OwnedJson.Default.OwnedSet, clock.GetUtcNow().ToUnixTimeSeconds())], [], cancel);

    private static DocumentKey Key(OwnedSet owned) => new(default, Kind, $"{owned.Name}/{DnsTypes.NameOf(owned.Type)}/{owned.Purpose}");
}

[JsonSerializable(typeof(OwnedSet))]
internal sealed partial class OwnedJson : JsonSerializerContext;
