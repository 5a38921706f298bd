using System.Globalization;
using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>A Quota (RFC 9425 §4).</summary>
/// <param name="Resource">octets or count.</param>
internal sealed record Quota(string Id, string Resource, long Used, long HardLimit)
{
    public static readonly IReadOnlyList<string> Properties =
        ["id", "resourceType", "used", "hardLimit", "scope", "name", "types", "warnLimit", "softLimit", "description"];

    /// <summary>Quotas count mail only.</summary>
    public static readonly IReadOnlyList<string> Types = ["Email"];

    public const string Scope = "account";

    /// <summary>A tenth is left: time to say so.</summary>
    public long WarnLimit => HardLimit / 10 * 9;

    public string Name => Resource == "octets" ? "storage" : "messages";

    public void Write(Utf8JsonWriter writer, Func<string, bool> wants)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, Id);
        if (wants("resourceType")) writer.WriteString("resourceType"u8, Resource);
        if (wants("used")) writer.WriteNumber("used"u8, Used);
        if (wants("hardLimit")) writer.WriteNumber("hardLimit"u8, HardLimit);
        if (wants("scope")) writer.WriteString("scope"u8, Scope);
        if (wants("name")) writer.WriteString("name"u8, Name);
        if (wants("types")) writer.WriteTexts("types"u8, Types);
        if (wants("warnLimit")) writer.WriteNumber("warnLimit"u8, WarnLimit);
        if (wants("softLimit")) writer.WriteNull("softLimit"u8);
        if (wants("description")) writer.WriteNull("description"u8);
        writer.WriteEndObject();
    }
}

/// <summary>The quotas of an account: those that limit anything. Their state is what they say, so that changes are exact without a
/// log.</summary>
internal sealed class Quotas(IMailboxes store) : IStateSource
{
    public string Type => "Quota";

    public async Task<IReadOnlyList<Quota>> ReadAsync(AccountId account, CancellationToken cancel)
    {
        var use = await store.GetQuotaAsync(account, cancel);
        var all = new List<Quota>(2);
        if (use.OctetLimit > 0) all.Add(new("qoctets", "octets", use.Octets, use.OctetLimit));
        if (use.MessageLimit > 0) all.Add(new("qcount", "count", use.Messages, use.MessageLimit));
        return all;
    }

    public async ValueTask<string> StateAsync(AccountId account, CancellationToken cancel) => StateOf(await ReadAsync(account, cancel));

    /// <summary>Such as "qoctets.12.100-qcount.3.1000".</summary>
    public static string StateOf(IReadOnlyList<Quota> all) =>
        all.Count == 0 ? "none"
            : string.Join('-', all.Select(q => string.Create(CultureInfo.InvariantCulture, $"{q.Id}.{q.Used}.{q.HardLimit}")));

    /// <summary>The quotas of a state that was told to a client; fails with cannotCalculateChanges.</summary>
    public static IReadOnlyDictionary<string, (long Used, long Limit)> Of(string state)
    {
        var read = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        if (state == "none") return read;
        foreach (var one in state.Split('-'))
        {
            if (one.Split('.') is not [var id and ("qoctets" or "qcount"), var used, var limit] || !TryNumber(used, out var u)
                || !TryNumber(limit, out var l)
                || !read.TryAdd(id, (u, l))) throw MethodFailure.CannotCalculateChanges();
        }
        return read;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
