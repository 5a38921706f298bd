using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>The capabilities by their registered names, and one of our own.</summary>
internal static class Capabilities
{
    public const string Core = "urn:ietf:params:jmap:core", Mail = "urn:ietf:params:jmap:mail",
        Submission = "urn:ietf:params:jmap:submission", VacationResponse = "urn:ietf:params:jmap:vacationresponse",
        WebSocket = "urn:ietf:params:jmap:websocket", Mdn = "urn:ietf:params:jmap:mdn", Blob = "urn:ietf:params:jmap:blob",
        Quota = "urn:ietf:params:jmap:quota", Sieve = "urn:ietf:params:jmap:sieve",
        Contacts = "urn:ietf:params:jmap:contacts", WebPushVapid = "urn:ietf:params:jmap:webpush-vapid",
        Expunged = "urn:x-aviso:params:jmap:expunged";

    /// <summary>RFC 4790 names of the orders that texts can be sorted by; the first where a comparator names none.</summary>
    public static readonly IReadOnlyList<string> Collations = ["i;unicode-casemap", "i;ascii-casemap", "i;ascii-numeric", "i;octet"];
}

/// <summary>A capability and what the session says of it (RFC 8620 §2).</summary>
internal sealed record Capability(string Uri)
{
    /// <summary>Writes the members of its object in capabilities; URLs begin with the origin that the client knows us by.</summary>
    public Action<Utf8JsonWriter, string> Server { get; init; } = static (_, _) => { };

    /// <summary>Writes the members of its object in accountCapabilities.</summary>
    public Action<Utf8JsonWriter, JmapUser> Account { get; init; } = static (_, _) => { };

    /// <summary>May this user use its methods with the account. Where not, the account does not name it, and its methods are
    /// accountNotSupportedByMethod.</summary>
    public Func<JmapUser, bool> IsFor { get; init; } = static _ => true;

    /// <summary>False: it has nothing to do with accounts, as the WebSocket has.</summary>
    public bool HasAccounts { get; init; } = true;

    /// <summary>Is the account the primary one for its data. Core has no data (RFC 8620 §2: SHOULD NOT be present).</summary>
    public bool HasPrimaryAccount => HasAccounts && Uri != Capabilities.Core;
}

/// <summary>A capability with its methods, as a room gives it to the method table.</summary>
internal sealed record Feature(Capability Capability, IReadOnlyList<IMethod> Methods);
