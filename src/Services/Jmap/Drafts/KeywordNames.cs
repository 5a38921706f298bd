using System.Buffers;
using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Keywords as clients write them (RFC 8621 §4.1.1), and the flags and keywords of the store.</summary>
internal static class KeywordNames
{
    private const int Longest = 255;

    /// <summary>What one email may carry; mailboxes number 128 (RFC 8621 §4.6: tooManyKeywords).</summary>
    public const int Most = 128;

    private static readonly SearchValues<char> Forbidden = SearchValues.Create("(){]%*\"\\");

    /// <summary>1 to 255 printable characters without ( ) { ] % * " \.</summary>
    public static bool IsKeyword(string name) =>
        name.Length is > 0 and <= Longest && !name.AsSpan().ContainsAnyExceptInRange('!', '~') && !name.AsSpan().ContainsAny(Forbidden);

    /// <summary>The four that are flags in IMAP; null for others.</summary>
    public static SystemFlags? Flag(string name) => name.ToLowerInvariant() switch
    {
        "$seen" => SystemFlags.Seen,
        "$flagged" => SystemFlags.Flagged,
        "$answered" => SystemFlags.Answered,
        "$draft" => SystemFlags.Draft,
        _ => null,
    };

    public static KeywordSet Set(IEnumerable<string> names)
    {
        var flags = SystemFlags.None;
        var others = new List<string>();
        foreach (var name in names)
        {
            if (Flag(name) is { } flag) flags |= flag;
            else others.Add(name.ToLowerInvariant());
        }
        return new(flags, others);
    }

    /// <summary>A whole set: an object whose values are all true. False when it is none.</summary>
    public static bool TryRead(JsonElement value, out List<string> names, out SetError error)
    {
        names = [];
        error = SetError.InvalidProperty("keywords", "not an object of keywords that are true");
        if (value.ValueKind != JsonValueKind.Object) return false;
        foreach (var one in value.EnumerateObject())
        {
            if (one.Value.ValueKind != JsonValueKind.True || !IsKeyword(one.Name)) return false;
            names.Add(one.Name);
        }
        error = TooMany;
        return names.Count <= Most;
    }

    public static SetError TooMany { get; } = new("tooManyKeywords");
}
