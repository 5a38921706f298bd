namespace Aviso.Jmap;

/// <summary>What Email/get and Email/parse are asked to say of each message (RFC 8621 §4.2, §4.9).</summary>
internal sealed record RenderRequest(EmailProperties Email, BodyPartProperties Parts)
{
    public bool FetchTextBodyValues { get; init; }

    public bool FetchHtmlBodyValues { get; init; }

    public bool FetchAllBodyValues { get; init; }

    /// <summary>Octets of one value; 0 is no limit.</summary>
    public long MaxBodyValueBytes { get; init; }

    /// <summary>Texts of parts are read.</summary>
    public bool NeedsValues =>
        Email.Has(EmailProperty.BodyValues) && (FetchTextBodyValues || FetchHtmlBodyValues || FetchAllBodyValues);

    /// <summary>Nothing is asked but what the picture of the account has.</summary>
    public bool IsOfRowOnly => Email.Fields.Count == 0 && (Email.Asked & ~EmailProperty.Metadata) == 0;

    /// <summary>The message must be opened: the columns of the store do not do. References are kept there in another form.</summary>
    public bool NeedsOctets => Email.Fields.Count > 0 || Email.Has(EmailProperty.Headers | EmailProperty.References) || NeedsValues
        || (Email.Has(EmailProperty.Parts) && Parts.NeedsOctets);
}
