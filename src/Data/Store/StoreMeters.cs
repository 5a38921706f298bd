using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Store;

/// <summary>Figures of the store; names are those of Prometheus.</summary>
internal static class StoreMeters
{
    private static readonly Meter Meter = new("Aviso.Store");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    /// <summary>One transaction, from BEGIN to durable.</summary>
    public static readonly Histogram<double> Commit = Meter.CreateHistogram<double>("aviso_commit_seconds", "s");

    /// <summary>One round of the segment writer: write and fdatasync.</summary>
    public static readonly Histogram<double> BodySync = Meter.CreateHistogram<double>("aviso_body_sync_seconds", "s");

    /// <summary>Changes that shared one transaction.</summary>
    public static readonly Histogram<int> BatchSize = Meter.CreateHistogram<int>("aviso_commit_batch_size");

    public static readonly Counter<long> Refused = Meter.CreateCounter<long>("aviso_store_refused_total");

    public static readonly Counter<long> Faults = Meter.CreateCounter<long>("aviso_store_faults_total");

    public static readonly Counter<long> Checkpoints = Meter.CreateCounter<long>("aviso_checkpoints_total");

    public static readonly Counter<long> Stored = Meter.CreateCounter<long>("aviso_messages_stored_total");

    public static readonly Counter<long> StoredOctets = Meter.CreateCounter<long>("aviso_stored_bytes_total");

    public static readonly Counter<long> ViewsBuilt = Meter.CreateCounter<long>("aviso_mailbox_views_built_total");

    public static readonly Counter<long> ViewsFromDisk = Meter.CreateCounter<long>("aviso_mailbox_views_from_disk_total");

    public static readonly Counter<long> ViewsEvicted = Meter.CreateCounter<long>("aviso_mailbox_views_evicted_total");

    public static readonly Counter<long> CompactedOctets = Meter.CreateCounter<long>("aviso_compacted_bytes_total");

    private static readonly Counter<long> UnreadableDocuments = Meter.CreateCounter<long>("aviso_documents_unreadable_total");

    /// <summary>A document that its own kind cannot read.</summary>
    public static void Unreadable(string kind) => UnreadableDocuments.Add(1, new KeyValuePair<string, object?>("kind", kind));

    public static readonly Counter<long> Indexed = Meter.CreateCounter<long>("aviso_emails_indexed_total");
}
