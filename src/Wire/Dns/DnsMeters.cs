using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Dns;

/// <summary>What the resolver counts.</summary>
internal static class DnsMeters
{
    private static readonly Meter Meter = new("Aviso.Dns");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    /// <summary>Questions by how they ended; tag status.</summary>
    public static readonly Counter<long> Queries = Meter.CreateCounter<long>("aviso_dns_queries_total");

    /// <summary>Questions answered from the cache.</summary>
    public static readonly Counter<long> CacheHits = Meter.CreateCounter<long>("aviso_dns_cache_hits_total");

    /// <summary>Replies thrown away because id, question or form was wrong: somebody guesses, or a server is broken.</summary>
    public static readonly Counter<long> BadReplies = Meter.CreateCounter<long>("aviso_dns_bad_replies_total");
}
