using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Imap;

/// <summary>Figures of the IMAP server; names are Prometheus names.</summary>
internal static class ImapMeters
{
    private static readonly Meter Meter = new("Aviso.Imap");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    public static readonly UpDownCounter<long> Sessions = Meter.CreateUpDownCounter<long>("aviso_imap_sessions");
    public static readonly Counter<long> Commands = Meter.CreateCounter<long>("aviso_imap_commands_total");
    public static readonly Counter<long> Replies = Meter.CreateCounter<long>("aviso_replies_total");
    public static readonly Counter<long> Faults = Meter.CreateCounter<long>("aviso_imap_faults_total");
    public static readonly Counter<long> Logins = Meter.CreateCounter<long>("aviso_imap_logins_total");
    public static readonly Counter<long> OctetsSent = Meter.CreateCounter<long>("aviso_imap_sent_bytes_total");
}
