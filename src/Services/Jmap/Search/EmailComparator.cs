namespace Aviso.Jmap;

/// <summary>The properties that emails are sorted by (RFC 8621 §4.4.2).</summary>
internal enum SortProperty
{
    ReceivedAt, Size, From, To, Subject, SentAt, HasKeyword, AllInThreadHaveKeyword, SomeInThreadHaveKeyword,
}

/// <param name="Keyword">Of the last three.</param>
internal sealed record EmailComparator(SortProperty Property, bool IsAscending, Collation Collation, string Keyword)
{
    private static readonly string[] Names =
        ["receivedAt", "size", "from", "to", "subject", "sentAt", "hasKeyword", "allInThreadHaveKeyword", "someInThreadHaveKeyword"];

    /// <summary>As the session says of the account (RFC 8621 §1.3.1).</summary>
    public static IReadOnlyList<string> SortOptions => Names;

    public bool IsAboutThread => Property is SortProperty.AllInThreadHaveKeyword or SortProperty.SomeInThreadHaveKeyword;

    public bool IsMutable => IsAboutThread || Property == SortProperty.HasKeyword;

    /// <summary>The key is in what the store keeps of a message, not in the picture of the account.</summary>
    public bool IsInColumns => Property is SortProperty.From or SortProperty.To or SortProperty.Subject or SortProperty.SentAt;

    public static IReadOnlyList<EmailComparator> ReadAll(ArgumentReader reader) =>
        [.. Comparator.ReadAll(reader, static name => Names.Contains(name)).Select(Of)];

    private static EmailComparator Of(Comparator one)
    {
        var property = (SortProperty)Array.IndexOf(Names, one.Property);
        var keyword = property < SortProperty.HasKeyword ? "" : new ArgumentReader(one.Whole).Text("keyword");
        return new(property, one.IsAscending, Collation.Find(one.Collation), keyword);
    }
}
