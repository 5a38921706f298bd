using System.Text;
using System.Text.Json;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>Reads a report's JSON once, front to back: numbers may be text, lists may be single values, unknown members are passed
/// over.</summary>
internal ref struct ReportJson(ReadOnlySpan<byte> json, WorkBudget work)
{
    private const int Deepest = 16;
    private const int LongestText = 4000;
    private const int MostTexts = 100;

    private Utf8JsonReader _reader = new(json,
        new JsonReaderOptions { MaxDepth = Deepest, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });

    public readonly bool IsObject => _reader.TokenType == JsonTokenType.StartObject;

    public readonly bool IsArray => _reader.TokenType == JsonTokenType.StartArray;

    public bool Next()
    {
        work.Step();
        return _reader.Read();
    }

    /// <summary>Inside of an object: the next member's name, its value at hand; false at its end.</summary>
    public bool Member(out string name)
    {
        name = "";
        if (!Next() || _reader.TokenType != JsonTokenType.PropertyName) return false;
        name = _reader.ValueSpan.Length <= LongestText ? _reader.GetString() ?? "" : "";
        return Next();
    }

    /// <summary>Inside of a list: whether there is one more value, which is at hand then.</summary>
    public bool Item() => Next() && _reader.TokenType != JsonTokenType.EndArray;

    /// <summary>Passes over the value at hand.</summary>
    public void Skip() => _reader.TrySkip();

    /// <summary>The value at hand as text; "" for objects and lists, which are passed over.</summary>
    public string Text()
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.String: return _reader.ValueSpan.Length <= LongestText ? _reader.GetString() ?? "" : "";
            case JsonTokenType.Number: return Encoding.ASCII.GetString(_reader.ValueSpan[..Math.Min(_reader.ValueSpan.Length, 100)]);
            case JsonTokenType.True: return "true";
            case JsonTokenType.False: return "false";
            default:
                Skip();
                return "";
        }
    }

    /// <summary>The values of a list, or one that stands for a list.</summary>
    public IReadOnlyList<string> Texts()
    {
        if (!IsArray) return IsObject ? [Text()] : Text() is { Length: > 0 } one ? [one] : [];
        var texts = new List<string>();
        while (Item())
        {
            if (!IsObject && !IsArray && texts.Count < MostTexts) texts.Add(Text());
            else Skip();
        }
        return texts;
    }

    public long Count() => ReportText.Count(Text());
}
