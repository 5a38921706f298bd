using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>What names a client beside its address, as far as it said so.</summary>
public readonly record struct LineNames(string? Helo, string? Sender, string? Recipient);

/// <summary>
/// A machine of ours (networks.internal) was told no: printers, scripts and gateways fail in silence, so that each time is an event and
/// counted, on whatever protocol and by whichever rule.
/// </summary>
public static partial class OwnRefusals
{
    private static readonly Meter Meter = new("Aviso.Net");

    private static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "aviso_internal_refused_total",
        description: "Refusals and ended sessions of our own machines: each of them is somebody's silent failure.");

    /// <param name="cause">The reason and what was seen.</param>
    public static void Note(ILogger log, string session, IPEndPoint remote, LineNames names, string reply, string cause)
    {
        Refused.Add(1);
        RefusedOne(log, session, remote, names.Helo ?? "", names.Sender ?? "", names.Recipient ?? "", reply, cause);
    }

    [LoggerMessage(4003, LogLevel.Warning,
        "refused one of ours: session {Session} from {Remote} HELO {Helo} sender {Sender} recipient {Recipient}: {Reply} ({Cause})")]
    private static partial void RefusedOne(ILogger log, string session, IPEndPoint remote, string helo, string sender, string recipient,
        string reply, string cause);
}
