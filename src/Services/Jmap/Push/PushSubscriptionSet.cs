using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>PushSubscription/set (RFC 8620 §7.2.2): no account, no state.</summary>
internal sealed class PushSubscriptionSet(PushSubscriptions subscriptions, TimeProvider clock, JmapLimits limits) : IMethod
{
    private const int MostText = 500, MostUrl = 2_000, MostTypes = 100;

    public string Name => "PushSubscription/set";

    public string Capability => Capabilities.Core;

    public bool HasAccount => false;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var set = SetArguments.Read(reader, limits);
        reader.End();
        if (set.IfInState is not null) throw MethodFailure.InvalidArgument("ifInState", "push subscriptions have no state");
        var answer = new SetAnswer(call);
        foreach (var (key, value) in set.Create)
            await TryAsync(() => CreateAsync(call, key, value, answer, cancel), error => answer.NotCreated(key, error));
        foreach (var (key, value) in set.Update)
            await TryAsync(() => UpdateAsync(call, key, value, answer, cancel), error => answer.NotUpdated(key, error));
        foreach (var key in set.Destroy)
            await TryAsync(() => DestroyAsync(call, key, answer, cancel), error => answer.NotDestroyed(key, error));
        call.Answer.WriteStartObject();
        answer.WriteMembers();
        call.Answer.WriteEndObject();
    }

    private static async Task TryAsync(Func<Task> one, Action<SetError> not)
    {
        try
        {
            await one();
        }
        catch (SetFailure failure)
        {
            not(failure.Error);
        }
    }

    private async Task CreateAsync(Call call, string key, JsonElement value, SetAnswer answer, CancellationToken cancel)
    {
        if (subscriptions.Count(call.User.Account) >= PushSubscriptions.Most)
            throw new SetFailure(new("overQuota", $"there are {PushSubscriptions.Most} push subscriptions"));
        var made = new PushSubscription(
            subscriptions.NewId(), call.User.Credential, Text(value, "deviceClientId", MostText), Url(value),
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), Expires(default))
        {
            Keys = Keys(value),
        };
        foreach (var property in value.EnumerateObject())
        {
            made = property.Name switch
            {
                "deviceClientId" or "url" or "keys" => made,
                "verificationCode" when property.Value.ValueKind == JsonValueKind.Null => made,
                "expires" => made with { Expires = Expires(property.Value) },
                "types" => made with { Types = Types(property.Value) },
                _ => throw Wrong(property.Name, "not for a client to set, or not known"),
            };
        }
        await subscriptions.PutAsync(call.User.Account, made, isNew: true, cancel);
        answer.Created(key, made.Id, writer =>
        {
            if (made.Keys is null) writer.WriteNull("keys"u8);
            writer.WriteString("expires"u8, JsonDates.Utc(made.Expires));
        });
    }

    private async Task UpdateAsync(Call call, string key, JsonElement value, SetAnswer answer, CancellationToken cancel)
    {
        var (old, asked) = (Find(call, key), (long?)null);
        if (!PatchObject.TryRead(value, out var patch, out var error)) throw new SetFailure(error);
        var now = old;
        foreach (var entry in patch.Entries)
        {
            if (entry.Tokens.Length > 1) throw new SetFailure(SetError.InvalidPatch($"{entry.Pointer} points into a value"));
            switch (entry.Tokens[0])
            {
                case "verificationCode":
                    if (!IsCode(entry.Value, old.Code)) throw Wrong("verificationCode", "another code was sent");
                    now = now with { IsVerified = true };
                    break;
                case "expires":
                    now = now with { Expires = Expires(entry.Value) };
                    asked = now.Expires;
                    break;
                case "types":
                    now = now with { Types = Types(entry.Value) };
                    break;
                default:
                    throw Wrong(entry.Tokens[0], "cannot be changed");
            }
        }
        await subscriptions.PutAsync(call.User.Account, now, isNew: false, cancel);
        answer.Updated(now.Id, asked is null ? null : writer => writer.WriteString("expires"u8, JsonDates.Utc(now.Expires)));
    }

    private async Task DestroyAsync(Call call, string key, SetAnswer answer, CancellationToken cancel)
    {
        var found = Find(call, key);
        await subscriptions.RemoveAsync(call.User.Account, found.Id, cancel);
        answer.Destroyed(found.Id);
    }

    private PushSubscription Find(Call call, string key) =>
        subscriptions.Of(call.User).FirstOrDefault(s => s.Id == call.Created.Resolve(key)) ?? throw new SetFailure(SetError.NotFound);

    private static bool IsCode(JsonElement value, string code) => value.ValueKind == JsonValueKind.String
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(value.GetString() ?? ""), Encoding.UTF8.GetBytes(code));

    private static string Text(JsonElement value, string name, int most) =>
        value.TryGetProperty(name, out var given) && given.ValueKind == JsonValueKind.String && given.GetString() is { Length: > 0 } text
            && text.Length <= most ? text : throw Wrong(name, $"no text of at most {most} characters");

    // RFC 8620 §7.2: MUST begin with https://.
    private static Uri Url(JsonElement value) =>
        Uri.TryCreate(Text(value, "url", MostUrl), UriKind.Absolute, out var url) && url is { Scheme: "https", UserInfo: "", Fragment: "" }
            ? url : throw Wrong("url", "no https URL");

    private static PushKeys? Keys(JsonElement value)
    {
        if (!value.TryGetProperty("keys"u8, out var given) || given.ValueKind == JsonValueKind.Null) return null;
        if (given.ValueKind != JsonValueKind.Object) throw Wrong("keys", "no object");
        return PushKeys.Read(Text(given, "p256dh", MostText), Text(given, "auth", MostText)) ?? throw Wrong("keys", "no keys of RFC 8291");
    }

    private long Expires(JsonElement value)
    {
        var most = (clock.GetUtcNow() + PushSubscriptions.Longest).ToUnixTimeSeconds();
        if (value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) return most;
        if (value.ValueKind != JsonValueKind.String || !DateTimeOffset.TryParseExact(value.GetString(), "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'",
            CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)) throw Wrong("expires", "no UTCDate");
        return Math.Min(date.ToUnixTimeSeconds(), most);
    }

    private static List<string>? Types(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MostTypes
            || value.EnumerateArray().Any(t => t.ValueKind != JsonValueKind.String)) throw Wrong("types", "no list of names");
        return [.. value.EnumerateArray().Select(t => t.GetString() ?? "")];
    }

    private static SetFailure Wrong(string property, string why) => new(SetError.InvalidProperty(property, why));
}
