using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Net;

/// <summary>What ACME and certificates count.</summary>
internal static class AcmeMeters
{
    private static readonly Meter Meter = new("Aviso.Net");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "aviso_acme_failures_total", description: "Tries to get a certificate that failed, by authority and reason.");

    private static readonly Counter<long> Issued = Meter.CreateCounter<long>(
        "aviso_acme_issued_total", description: "Certificates received, by authority.");

    public static void Failed(string authority, string reason) => Failures.Add(1, new("ca", authority), new("reason", reason));

    public static void Received(string authority) => Issued.Add(1, new KeyValuePair<string, object?>("ca", authority));
}
