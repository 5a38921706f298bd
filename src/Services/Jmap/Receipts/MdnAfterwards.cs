using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>onSuccessUpdateEmail of MDN/send (RFC 9007 §2.1): by #creation-id or id of an email, and always with $mdnsent.</summary>
internal sealed class MdnAfterwards
{
    private readonly Dictionary<string, JsonElement> _update;
    private readonly Dictionary<string, JsonElement> _patches = new(StringComparer.Ordinal);

    private MdnAfterwards(Dictionary<string, JsonElement> update) => _update = update;

    public static MdnAfterwards Read(ArgumentReader reader) =>
        new(SetArguments.Objects(reader, "onSuccessUpdateEmail").ToDictionary(StringComparer.Ordinal));

    /// <summary>Fails with invalidArguments where a success would not set the keyword.</summary>
    /// <param name="mdn">As the client wrote it.</param>
    public void Check(string key, JsonElement mdn, Call call)
    {
        var email = mdn.TryGetProperty("forEmailId"u8, out var given) && given.ValueKind == JsonValueKind.String
            ? call.Created.Resolve(given.GetString() ?? "") ?? "" : "";
        if (Find(key, email) is not { } patch || !Sets(patch))
            throw MethodFailure.InvalidArgument("onSuccessUpdateEmail", $"does not set $mdnsent for {key}");
    }

    public void Done(string key, string email)
    {
        if (Find(key, email) is { } patch) _patches[email] = patch;
    }

    public void Follow(Call call)
    {
        if (_patches.Count == 0) return;
        call.Follow("Email/set", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("accountId"u8, call.Account.ToString());
            writer.WriteStartObject("update"u8);
            foreach (var (email, patch) in _patches)
            {
                writer.WritePropertyName(email);
                patch.WriteTo(writer);
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private JsonElement? Find(string key, string email) =>
        _update.TryGetValue("#" + key, out var patch) || _update.TryGetValue(email, out patch) ? patch : null;

    private static bool Sets(JsonElement patch) => PatchObject.TryRead(patch, out var read, out _) && read.Entries.Any(entry =>
        entry.Tokens is ["keywords", "$mdnsent"] ? entry.Value.ValueKind == JsonValueKind.True
            : entry.Tokens is ["keywords"] && entry.Value.ValueKind == JsonValueKind.Object
                && entry.Value.TryGetProperty("$mdnsent"u8, out var set) && set.ValueKind == JsonValueKind.True);
}
