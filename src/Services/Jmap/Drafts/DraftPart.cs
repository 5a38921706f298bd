namespace Aviso.Jmap;

/// <summary>A body part of a message to be written (RFC 8621 §4.1.4, §4.6).</summary>
internal sealed class DraftPart
{
    /// <summary>In lower case.</summary>
    public required string Type { get; init; }

    public List<DraftPart> Children { get; init; } = [];

    /// <summary>Of a leaf with a partId: its text.</summary>
    public string? Text { get; init; }

    /// <summary>Of a leaf with a blobId.</summary>
    public string? BlobId { get; init; }

    public string? Charset { get; init; }

    public string? Disposition { get; init; }

    public string? Name { get; init; }

    public string? Cid { get; init; }

    public string? Location { get; init; }

    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Header fields by name, in the order given.</summary>
    public IReadOnlyList<DraftField> Fields { get; init; } = [];

    public bool IsMultipart => Type.StartsWith("multipart/", StringComparison.Ordinal);

    public IEnumerable<DraftPart> All() => Children.SelectMany(static child => child.All()).Prepend(this);

    public static DraftPart Multipart(string subtype, IEnumerable<DraftPart> children) =>
        new() { Type = "multipart/" + subtype, Children = [.. children] };
}

/// <summary>A header field, ready to be written.</summary>
/// <param name="Name">As the client wrote it.</param>
/// <param name="Octets">The whole field, once for each instance, CRLF at the end.</param>
internal sealed record DraftField(string Name, byte[] Octets);
