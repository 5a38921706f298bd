using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>The arguments of /copy (RFC 8620 §5.4).</summary>
internal sealed record CopyArguments(
    string FromAccountId, string? IfFromInState, string? IfInState, IReadOnlyList<KeyValuePair<string, JsonElement>> Create,
    bool OnSuccessDestroyOriginal, string? DestroyFromIfInState)
{
    public static CopyArguments Read(Call call, ArgumentReader reader, JmapLimits limits)
    {
        var from = FromAccount(call, reader);
        if (reader.Find("create") is null) throw MethodFailure.InvalidArgument("create", "missing");
        var create = SetArguments.Objects(reader, "create");
        if (create.Count > limits.MaxObjectsInSet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInSet} objects");
        return new(from, reader.TextOrNull("ifFromInState"), reader.TextOrNull("ifInState"), create,
            reader.Flag("onSuccessDestroyOriginal", false), reader.TextOrNull("destroyFromIfInState"));
    }

    /// <summary>Reads fromAccountId: another account that the user has.</summary>
    public static string FromAccount(Call call, ArgumentReader reader)
    {
        var from = reader.Text("fromAccountId");
        // RFC 8620 §5.4: accountId MUST be different to the fromAccountId.
        if (from == call.Account.ToString()) throw MethodFailure.InvalidArgument("fromAccountId", "the same as accountId");
        return from == call.User.Account.ToString() ? from : throw new MethodFailure("fromAccountNotFound");
    }
}
