namespace Aviso.Jmap;

/// <summary>Properties of EmailBodyPart (RFC 8621 §4.1.4).</summary>
[Flags]
internal enum PartProperty
{
    None = 0, PartId = 1, BlobId = 2, Size = 4, Headers = 8, Name = 16, Type = 32, Charset = 64, Disposition = 128, Cid = 256,
    Language = 512, Location = 1024, SubParts = 2048,
}

/// <summary>What is asked of each body part: the argument "bodyProperties".</summary>
/// <param name="Fields">Its header fields by name.</param>
internal sealed record BodyPartProperties(PartProperty Asked, IReadOnlyList<HeaderProperty> Fields)
{
    /// <summary>
    /// What is answered when nothing is asked (§4.2). The RFC's list lacks subParts; without them bodyStructure would not be "the full MIME
    /// structure", and no other list holds a multipart.
    /// </summary>
    public static readonly BodyPartProperties Default = new(
        PartProperty.PartId | PartProperty.BlobId | PartProperty.Size | PartProperty.Name | PartProperty.Type | PartProperty.Charset
        | PartProperty.Disposition | PartProperty.Cid | PartProperty.Language | PartProperty.Location | PartProperty.SubParts, [])
    {
        SubPartsOfAll = false,
    };

    /// <summary>A part that is no multipart says so with subParts null; by default it says nothing.</summary>
    public bool SubPartsOfAll { get; private init; } = true;

    /// <summary>The octets of the message are needed, not only its part tree.</summary>
    public bool NeedsOctets => Fields.Count > 0 || Has(PartProperty.Size | PartProperty.Headers);

    public bool Has(PartProperty some) => (Asked & some) != 0;

    /// <summary>Null when a name is none of them, which is <paramref name="unknown"/> then.</summary>
    public static BodyPartProperties? Parse(IEnumerable<string> names, out string unknown)
    {
        unknown = "";
        var asked = PartProperty.None;
        var fields = new List<HeaderProperty>();
        foreach (var name in names)
        {
            if (Known(name) is { } property) asked |= property;
            else if (HeaderProperty.Parse(name) is not { } field)
            {
                unknown = name;
                return null;
            }
            else if (!fields.Exists(f => f.Name == name)) fields.Add(field);
        }
        return new(asked, fields);
    }

    private static PartProperty? Known(string name) => name switch
    {
        "partId" => PartProperty.PartId,
        "blobId" => PartProperty.BlobId,
        "size" => PartProperty.Size,
        "headers" => PartProperty.Headers,
        "name" => PartProperty.Name,
        "type" => PartProperty.Type,
        "charset" => PartProperty.Charset,
        "disposition" => PartProperty.Disposition,
        "cid" => PartProperty.Cid,
        "language" => PartProperty.Language,
        "location" => PartProperty.Location,
        "subParts" => PartProperty.SubParts,
        _ => null,
    };
}
