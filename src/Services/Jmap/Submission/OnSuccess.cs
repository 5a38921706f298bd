using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>onSuccessUpdateEmail and onSuccessDestroyEmail (RFC 8621 §7.5): what is done to the emails of submissions that succeeded, in
/// one call of Email/set.</summary>
internal sealed class OnSuccess
{
    private readonly Dictionary<string, JsonElement> _update;
    private readonly HashSet<string> _destroy;
    private readonly Dictionary<string, JsonElement> _patches = new(StringComparer.Ordinal);
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);

    private OnSuccess(Dictionary<string, JsonElement> update, HashSet<string> destroy) => (_update, _destroy) = (update, destroy);

    public static OnSuccess Read(ArgumentReader reader) => new(
        SetArguments.Objects(reader, "onSuccessUpdateEmail").ToDictionary(StringComparer.Ordinal),
        (reader.TextsOrNull("onSuccessDestroyEmail") ?? []).ToHashSet(StringComparer.Ordinal));

    /// <summary>The create, update or destroy of this submission succeeded.</summary>
    /// <param name="key">Its id, or # and its creation id, as the client may have written it.</param>
    public void Done(string key, EmailSubmission submission)
    {
        foreach (var name in (string[])[key, submission.Id])
        {
            if (_update.TryGetValue(name, out var patch)) _patches[submission.EmailId] = patch;
            if (_destroy.Contains(name)) _gone.Add(submission.EmailId);
        }
    }

    public void Follow(Call call)
    {
        if (_patches.Count + _gone.Count == 0) return;
        call.Follow("Email/set", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("accountId"u8, call.Account.ToString());
            writer.WriteStartObject("update"u8);
            foreach (var (email, patch) in _patches.Where(p => !_gone.Contains(p.Key)))
            {
                writer.WritePropertyName(email);
                patch.WriteTo(writer);
            }
            writer.WriteEndObject();
            writer.WriteTexts("destroy"u8, _gone);
            writer.WriteEndObject();
        });
    }
}
