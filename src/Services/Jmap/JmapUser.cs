using System.Net;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Who sent a request. One account for each today; it is the user's own.</summary>
/// <param name="Address">The account's address.</param>
public sealed record JmapUser(AccountId Account, string Address)
{
    /// <summary>Names what was logged in with: push subscriptions belong to it and end with it (RFC 8620 §7.2).</summary>
    public string Credential { get; init; } = "";

    /// <summary>Where the client is.</summary>
    public IPAddress Client { get; init; } = IPAddress.Loopback;

    /// <summary>Protocol, as a trace calls it: jmap, or webmail for a browser that is signed in.</summary>
    public string Protocol { get; init; } = "jmap";

    /// <summary>The program, as it calls itself; empty when it does not.</summary>
    public string Program { get; init; } = "";

    /// <summary>What the credential is limited to.</summary>
    public LoginScope Scope { get; init; } = new();

    /// <summary>
    /// Sees all mail of the account. A login for some mailboxes, or for finding messages only, has no mail here, by any method: threads, counts
    /// and ids of blobs go across mailboxes.
    /// </summary>
    public bool SeesMail => Scope is { SearchOnly: false, Mailboxes.Count: 0 };

    /// <summary>As the store knows who changes mail.</summary>
    internal Actor Actor => new(Protocol, Program, Scope.Name, Client);

    /// <summary>May a method that changes something be called.</summary>
    public bool MayChange => Scope.MayChange;
}
