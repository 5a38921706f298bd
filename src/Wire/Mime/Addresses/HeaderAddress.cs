using Aviso.Base;

namespace Aviso.Mime;

/// <summary>One mailbox or one group of an address field (RFC 5322 §3.4).</summary>
public sealed record HeaderAddress
{
    /// <summary>The phrase, or the last comment when there is none, unquoted, encoded words as sent; may be empty.</summary>
    public string RawName { get; init; } = "";

    /// <summary>Unquoted; empty for a group, and for a broken address without one.</summary>
    public string LocalPart { get; init; } = "";

    /// <summary>As sent, without white space; "[...]" for a literal; empty when the address has none.</summary>
    public string Domain { get; init; } = "";

    /// <summary>RFC 5322 §4.4 obsolete route, such as "@a,@b"; null for nearly all.</summary>
    public string? Route { get; init; }

    /// <summary>The mailboxes of a group; null for a mailbox. Groups do not nest.</summary>
    public IReadOnlyList<HeaderAddress>? Members { get; init; }

    public bool IsGroup => Members is not null;

    /// <summary>The name for people: encoded words decoded; may be empty.</summary>
    public string DisplayName => EncodedWord.Decode(RawName);

    /// <summary>"local@domain" with the local part quoted where RFC 5322 §3.4.1 wants it; empty for a group.</summary>
    public string Address => IsGroup ? ""
        : Domain.Length == 0 ? MailAddress.Quoted(LocalPart) : $"{MailAddress.Quoted(LocalPart)}@{Domain}";

    public static HeaderAddress Of(string displayName, string localPart, string domain) =>
        new() { RawName = displayName, LocalPart = localPart, Domain = domain };

    /// <summary>With A-labels unless the local part is beyond ASCII anyway.</summary>
    public static HeaderAddress Of(string displayName, MailAddress address) =>
        Of(displayName, address.LocalPart, address.NeedsUtf8 ? address.Domain.Unicode : address.Domain.Ascii);

    /// <summary>The address of the envelope that this one names; false for a group, and for what breaks the rules of domains.</summary>
    public bool TryMailAddress(out MailAddress address) => MailAddress.TryMake(LocalPart, Domain, out address);
}
