namespace Aviso.Jmap;

/// <summary>The arguments that Email/get and Email/parse share (RFC 8621 §4.2, §4.9).</summary>
internal static class RenderArguments
{
    /// <summary>Reads them.</summary>
    /// <param name="names">Null: <paramref name="otherwise"/>.</param>
    /// <exception cref="MethodFailure">invalidArguments for what is no property, forbidden header forms among them.</exception>
    public static RenderRequest Read(ArgumentReader reader, IReadOnlyList<string>? names, EmailProperty otherwise) =>
        new(Properties(names, otherwise), PartProperties(reader.TextsOrNull("bodyProperties")))
        {
            FetchTextBodyValues = reader.Flag("fetchTextBodyValues", false),
            FetchHtmlBodyValues = reader.Flag("fetchHTMLBodyValues", false),
            FetchAllBodyValues = reader.Flag("fetchAllBodyValues", false),
            MaxBodyValueBytes = reader.UnsignedOrNull("maxBodyValueBytes") ?? 0,
        };

    private static EmailProperties Properties(IReadOnlyList<string>? names, EmailProperty otherwise) =>
        names is null ? new(otherwise, [])
        : EmailProperties.Parse(names, out var unknown) ?? throw MethodFailure.InvalidArgument(
            "properties", $"there is no property {unknown}");

    private static BodyPartProperties PartProperties(IReadOnlyList<string>? names) =>
        names is null ? BodyPartProperties.Default
        : BodyPartProperties.Parse(names, out var unknown) ?? throw MethodFailure.InvalidArgument(
            "bodyProperties", $"there is no property {unknown}");
}
