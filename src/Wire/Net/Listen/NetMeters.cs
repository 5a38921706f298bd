using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Aviso.Base;

namespace Aviso.Net;

/// <summary>What Net counts. No addresses in labels.</summary>
internal static class NetMeters
{
    private static readonly Meter Meter = new("Aviso.Net");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static readonly UpDownCounter<long> Open = Meter.CreateUpDownCounter<long>(
        "aviso_connections_open", description: "Connections open now, by listener kind.");

    private static readonly Counter<long> Accepted = Meter.CreateCounter<long>(
        "aviso_connections_total", description: "Connections accepted, by listener kind.");

    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>(
        "aviso_sessions_dropped_total", description: "Connections ended by us before or against the protocol, by kind and reason.");

    private static readonly Counter<long> Handshakes = Meter.CreateCounter<long>(
        "aviso_tls_handshakes_failed_total", description: "TLS handshakes that failed, by listener kind and reason.");

    private static readonly Counter<long> AcceptErrors = Meter.CreateCounter<long>(
        "aviso_accept_errors_total", description: "Errors of accept(), such as too many open files, by listener kind.");

    private static readonly ConcurrentDictionary<TlsCertificates, bool> Certificates = new();

    static NetMeters() => Meter.CreateObservableGauge("aviso_certificate_expires_seconds", Expiries, "s",
        "Time until each certificate in use ends, by its first name; negative when it is over.");

    public static void Shown(TlsCertificates certificates) => Certificates[certificates] = true;

    public static void NotShown(TlsCertificates certificates) => Certificates.TryRemove(certificates, out _);

    public static void Opened(ListenerKind kind)
    {
        Open.Add(1, Label(kind));
        Accepted.Add(1, Label(kind));
    }

    public static void Closed(ListenerKind kind) => Open.Add(-1, Label(kind));

    public static void SessionDropped(ListenerKind kind, Reason reason) => Dropped.Add(1, Label(kind), new("reason", reason.Word));

    public static void TlsFailed(ListenerKind kind, string reason) => Handshakes.Add(1, Label(kind), new("reason", reason));

    public static void AcceptFailed(ListenerKind kind) => AcceptErrors.Add(1, Label(kind));

    private static KeyValuePair<string, object?> Label(ListenerKind kind) => new("kind", ListenerKinds.Name(kind));

    private static IEnumerable<Measurement<double>> Expiries()
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        return Certificates.Keys.SelectMany(c => c.All).DistinctBy(c => c.Thumbprint).Select(c => new Measurement<double>(
            Math.Round((c.NotAfter.ToUniversalTime() - now).TotalSeconds), new KeyValuePair<string,
                object?>("name", c.GetNameInfo(X509NameType.DnsName, false))));
    }
}
