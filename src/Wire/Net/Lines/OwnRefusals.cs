using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using Aviso.Base;
using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>What names a client beside its address, as far as it said so.</summary>
public readonly record struct LineNames(string? Helo, string? Sender, string? Recipient);

/// <summary>A refusal of one of ours.</summary>
/// <param name="Reply">What it was told.</param>
/// <param name="Cause">The reason and what was seen, for people.</param>
/// <param name="Why">Null: it broke the protocol's rules.</param>
public readonly record struct OwnRefusal(IPAddress Client, LineNames Names, string Reply, string Cause, Reason? Why)
{
    /// <summary>Whose login it was; null without one.</summary>
    public string? Login { get; init; }
}

/// <summary>
/// A machine of ours (networks.internal) was told no: printers, scripts and gateways fail in silence, so that each time is an event and
/// counted, on whatever protocol and by whichever rule.
/// </summary>
public static partial class OwnRefusals
{
    private static readonly Meter Meter = new("Aviso.Net");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "aviso_internal_refused_total",
        description: "Refusals and ended sessions of our own machines: each of them is somebody's silent failure.");

    /// <summary>Each of them, at once and on the connection's thread. One process is one server, as it is for the counter.</summary>
    public static event Action<OwnRefusal>? Heard;

    /// <param name="cause">The reason and what was seen.</param>
    /// <param name="login">Whose login it was.</param>
    public static void Note(
        ILogger log, string session, IPEndPoint remote, LineNames names, string reply, string cause, Reason? why = null,
            string? login = null)
    {
        Refused.Add(1);
        Heard?.Invoke(new(remote.Address, names, reply, cause, why) { Login = login });
        RefusedOne(log, session, remote, names.Helo ?? "", names.Sender ?? "", names.Recipient ?? "", reply, cause);
    }

    [LoggerMessage(4003, LogLevel.Warning,
        "refused one of ours: session {Session} from {Remote} HELO {Helo} sender {Sender} recipient {Recipient}: {Reply} ({Cause})")]
    private static partial void RefusedOne(ILogger log, string session, IPEndPoint remote, string helo, string sender, string recipient,
        string reply, string cause);
}
