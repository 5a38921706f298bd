using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The property mailboxIds (RFC 8621 §4.1.1): a set of ids, or of #creation-ids of this request.</summary>
internal static class MailboxIds
{
    /// <summary>RFC 8621 §4.6: tooManyMailboxes; maxMailboxesPerEmail of the capability.</summary>
    public const int Most = 1_000;

    public static SetError TooMany { get; } = new("tooManyMailboxes");

    /// <summary>False when it is no set of ids, or an empty one.</summary>
    public static bool TryRead(JsonElement value, CreatedIds created, out List<MailboxId> ids, out SetError error)
    {
        ids = [];
        error = SetError.InvalidProperty("mailboxIds", "not an object of mailbox ids that are true, one at least");
        if (value.ValueKind != JsonValueKind.Object) return false;
        foreach (var one in value.EnumerateObject())
        {
            if (one.Value.ValueKind != JsonValueKind.True || Find(one.Name, created) is not { } id) return false;
            ids.Add(id);
        }
        if (ids.Count <= Most) return ids.Count > 0;
        error = TooMany;
        return false;
    }

    /// <summary>Null for text that is no id of ours.</summary>
    public static MailboxId? Find(string text, CreatedIds created) =>
        created.Resolve(text) is { } real && RecordId.TryParse(real, out var id) ? new MailboxId(id) : null;
}
