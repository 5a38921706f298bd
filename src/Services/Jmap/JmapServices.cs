using System.Net;
using Aviso.Base;
using Aviso.Smtp;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Jmap;

/// <summary>What the methods work on, given once by the server.</summary>
/// <param name="Uploads">A folder of its own for what clients upload.</param>
/// <param name="Receiver">Takes what is sent, as it takes submissions over SMTP.</param>
public sealed record JmapServices(
    IMailStore Store, string Uploads, IMailReceiver Receiver, IdSource Ids, TimeProvider Clock, ILogger Log)
{
    public required ScriptServices Scripts { get; init; }

    /// <summary>Of this server.</summary>
    public required string HostName { get; init; }

    /// <summary>Renders messages that are made here.</summary>
    public required IMessageReader Reader { get; init; }

    /// <summary>May the user be author of mail from this address.</summary>
    public Func<JmapUser, string, bool> MaySendAs { get; init; } = static (_, _) => false;

    /// <summary>The address of an account; null when it is gone.</summary>
    public Func<AccountId, string?> AddressOf { get; init; } = static _ => null;

    /// <summary>Dials what clients name as their push service; the guard has been asked. Null: nothing is pushed.</summary>
    public Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? Connect { get; init; }

    /// <summary>A mailto or https URL that tells push services who sends (RFC 8292 §2.1).</summary>
    public string Contact { get; init; } = "";

    /// <summary>Of one message that is sent.</summary>
    public int MaxRecipients { get; init; } = 1_000;

    /// <summary>Octets of a message that is sent.</summary>
    public long MaxMessageSize { get; init; } = 200L << 20;
}
