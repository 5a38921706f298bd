using System.Globalization;
using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// A patch of an email (RFC 8621 §4.6): keywords and mailboxIds, whole or one by one. All else is immutable; a client may send back what
/// it got (RFC 8620 §5.3), so values that are as they are do no harm.
/// </summary>
internal sealed class EmailPatch(Call call, AccountMail mail, EmailRow row)
{
    private readonly List<string> _addWords = [], _removeWords = [];
    private readonly List<MailboxId> _addBoxes = [], _removeBoxes = [];
    private List<string>? _words;
    private List<MailboxId>? _boxes;

    /// <summary>False when the patch may not be; nothing is changed then.</summary>
    public bool TryRead(JsonElement value, out EmailUpdate update, out SetError error)
    {
        update = new(row.Id, null, null) { Seen = mail.PlacesOf(row) };
        if (!PatchObject.TryRead(value, out var patch, out error)) return false;
        foreach (var entry in patch.Entries)
            if (!TryEntry(entry, out error)) return false;
        if (Count() > KeywordNames.Most) return No(KeywordNames.TooMany, out error);
        update = update with { Keywords = Words(), Mailboxes = Boxes() };
        return true;
    }

    private KeywordsChange? Words() =>
        _words is not null ? new(Whole: true, KeywordNames.Set(_words), KeywordSet.None)
        : _addWords.Count + _removeWords.Count > 0 ? new(Whole: false, KeywordNames.Set(_addWords), KeywordNames.Set(_removeWords))
        : null;

    private MailboxesChange? Boxes() =>
        _boxes is not null ? new(Whole: true, _boxes, [])
        : _addBoxes.Count + _removeBoxes.Count > 0 ? new(Whole: false, _addBoxes, _removeBoxes)
        : null;

    private int Count() => _words?.Count ?? mail.KeywordsOf(row).Union(_addWords, StringComparer.OrdinalIgnoreCase).Count();

    private bool TryEntry(PatchEntry entry, out SetError error)
    {
        error = SetError.NotFound;
        switch (entry.Tokens)
        {
            case ["keywords"]:
                if (entry.Value.ValueKind != JsonValueKind.Null) return KeywordNames.TryRead(entry.Value, out _words, out error);
                _words = [];   // RFC 8621 §4.1.1: the default
                return true;
            case ["keywords", var word]:
                if (!KeywordNames.IsKeyword(word)) return No(SetError.InvalidProperty("keywords", $"{word} is no keyword"), out error);
                return TryPart(entry, word, _addWords, _removeWords, "keywords", out error);
            case ["mailboxIds"]:
                return MailboxIds.TryRead(entry.Value, call.Created, out _boxes, out error);
            case ["mailboxIds", var text]:
                if (MailboxIds.Find(text, call.Created) is { } id)
                    return TryPart(entry, id, _addBoxes, _removeBoxes, "mailboxIds", out error);
                if (entry.Value.ValueKind == JsonValueKind.Null) return true;   // what is not there need not be taken away
                return No(SetError.InvalidProperty("mailboxIds", $"there is no mailbox {text}"), out error);
            case [var property]:
                return IsAsItIs(property, entry.Value) || No(SetError.InvalidProperty(property, "it cannot be changed"), out error);
            default:
                return No(SetError.InvalidPatch($"{entry.Pointer} cannot be changed"), out error);
        }
    }

    private static bool TryPart<T>(PatchEntry entry, T item, List<T> add, List<T> remove, string property, out SetError error)
    {
        error = SetError.InvalidProperty(property, $"{entry.Pointer} is neither true nor null");
        if (entry.Value.ValueKind == JsonValueKind.True) add.Add(item);
        else if (entry.Value.ValueKind == JsonValueKind.Null) remove.Add(item);
        else return false;
        return true;
    }

    /// <summary>Of what the store knows by itself; what stands in the message is not read for it.</summary>
    private bool IsAsItIs(string property, JsonElement value) => property switch
    {
        "id" => Is(value, row.Id.ToString()),
        "blobId" => Is(value, BlobId.OfEmail(row.Id).ToString()),
        "threadId" => Is(value, row.Thread.ToString()),
        "size" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var size) && size == row.Size,
        "receivedAt" => value.ValueKind == JsonValueKind.String
            && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            && at.ToUnixTimeSeconds() == row.ReceivedAt,
        _ => false,
    };

    private static bool Is(JsonElement value, string text) => value.ValueKind == JsonValueKind.String && value.ValueEquals(text);

    private static bool No(SetError why, out SetError error)
    {
        error = why;
        return false;
    }
}
