using Aviso.Accounts;
using Aviso.Base;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>How this server receives; from the settings.</summary>
public sealed record ReceiveOptions
{
    /// <summary>In Received and Message-ID.</summary>
    public required string HostName { get; init; }

    /// <summary>Octets; 0 is no limit beyond that of the listener.</summary>
    public long MessageSize { get; init; }

    /// <summary>RFC 5321 §6.3: more Received fields than this are a loop; "normally at least 100".</summary>
    public int MaxReceived { get; init; } = 100;

    /// <summary>Local mode and `outbound.capture`: nothing is queued, mail for other domains goes to this address.</summary>
    public string? OutsideMailbox { get; init; }

    /// <summary>Mailboxes and addresses elsewhere that one transaction may reach, aliases followed.</summary>
    public int MaxTargets { get; init; } = 5000;
}

/// <summary>What the receive steps work with.</summary>
internal sealed record ReceiveParts(
    ReceiveOptions Options, AccountBook Accounts, IMailStore Store, MessageReader Reader, IRouter Router, IdSource Ids, TimeProvider Clock,
    ILogger Log)
{
    public required ReceiveFilters Filters { get; init; }

    /// <summary>Something new stands in the queue.</summary>
    public required Action Queued { get; init; }
}
