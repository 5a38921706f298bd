using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Aviso.Jmap;

/// <summary>I-JSON (RFC 7493 §2): JSON in UTF-8, no name twice in an object, no half of a surrogate pair.</summary>
internal static class InternetJson
{
    /// <summary>Levels of nesting that are read and written; what lies deeper is not read at all.</summary>
    public const int MaxDepth = 4096;

    /// <summary>Values in one text: each costs memory beyond its octets.</summary>
    public const int MaxValues = 1_000_000;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    public static readonly JsonWriterOptions Writing = new()
    {
        // Sent as application/json with nosniff; no page has it inside.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = MaxDepth + 16,
        SkipValidation = true,
    };

    /// <summary>Null when it is no I-JSON, and why.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> text, out string why)
    {
        why = "";
        if (!Utf8.IsValid(text.Span)) why = "not UTF-8";
        else if (!HasFewValues(text.Span)) why = $"more than {MaxValues} values";
        else if (HasHalfPair(text.Span)) why = "half of a surrogate pair";
        if (why.Length > 0) return null;
        try
        {
            return JsonDocument.Parse(text, Options);
        }
        catch (JsonException e)
        {
            why = e.Message;
        }
        return null;
    }

    /// <summary>Reads what was written here: no need to look for what may not be in it.</summary>
    public static JsonDocument ParseOwn(ReadOnlyMemory<byte> text) => JsonDocument.Parse(text, new() { MaxDepth = MaxDepth + 16 });

    // Each value but the first follows one of these; inside of texts they only count too many of a text that is long anyway.
    private static bool HasFewValues(ReadOnlySpan<byte> text)
    {
        if (text.Length < MaxValues) return true;
        var reader = new Utf8JsonReader(text, new() { MaxDepth = MaxDepth });
        try
        {
            for (var values = 0; reader.Read(); values++)
                if (values > MaxValues) return false;
            return true;
        }
        catch (JsonException)
        {
            // The parser says what is wrong with it.
            return true;
        }
    }

    // A backslash stands only in texts, and after \u come four hexadecimal digits; where not, the parser says so.
    private static bool HasHalfPair(ReadOnlySpan<byte> text)
    {
        for (var at = text.IndexOf((byte)'\\'); at >= 0;)
        {
            text = text[at..];
            var length = Math.Min(2, text.Length);
            if (TryUnit(text, out var first))
            {
                length = 6;
                if (char.IsLowSurrogate(first)) return true;
                if (char.IsHighSurrogate(first))
                {
                    if (!TryUnit(text[6..], out var second) || !char.IsLowSurrogate(second)) return true;
                    length = 12;
                }
            }
            text = text[length..];
            at = text.IndexOf((byte)'\\');
        }
        return false;
    }

    private static bool TryUnit(ReadOnlySpan<byte> text, out char unit)
    {
        unit = default;
        if (text.Length < 6 || !text.StartsWith("\\u"u8)) return false;
        if (!ushort.TryParse(text[2..6], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return false;
        unit = (char)value;
        return true;
    }
}
