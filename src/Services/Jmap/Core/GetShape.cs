namespace Aviso.Jmap;

/// <summary>The arguments of /get (RFC 8620 §5.1).</summary>
/// <param name="Ids">Each once; null: all there are.</param>
/// <param name="Properties">Each once; null: the type's default.</param>
internal sealed record GetArguments(IReadOnlyList<string>? Ids, IReadOnlyList<string>? Properties)
{
    /// <summary>Reads them; a method with more arguments reads on, then ends.</summary>
    /// <param name="isProperty">Is there such a property; "id" need not be said.</param>
    public static GetArguments Read(ArgumentReader reader, JmapLimits limits, Func<string, bool> isProperty)
    {
        var ids = reader.TextsOrNull("ids");
        if (ids?.Count > limits.MaxObjectsInGet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInGet} ids");
        var properties = reader.TextsOrNull("properties");
        if (properties?.FirstOrDefault(p => p != "id" && !isProperty(p)) is { } unknown)
            throw MethodFailure.InvalidArgument("properties", $"there is no property {unknown}");
        return new(ids, properties);
    }

    /// <summary>Is this property wanted. The id always is.</summary>
    public bool Wants(string property) => Properties is null || property == "id" || Properties.Contains(property, StringComparer.Ordinal);

    /// <summary>RFC 8620 §5.1: all that there are, unless they are more than may be asked for.</summary>
    public static void CheckAll(int count, JmapLimits limits)
    {
        if (count > limits.MaxObjectsInGet)
            throw MethodFailure.RequestTooLarge($"there are {count}, more than {limits.MaxObjectsInGet}: ask by ids");
    }
}

/// <summary>The answer of /get: begin, write each object, end; or all at once where all records are at hand.</summary>
internal static class GetAnswer
{
    /// <param name="all">What there is, in the order in which it is answered.</param>
    public static void Write<T>(
        Call call, GetArguments get, JmapLimits limits, string state, IReadOnlyList<T> all, Func<T, string> idOf, Action<T> write)
    {
        if (get.Ids is null) GetArguments.CheckAll(all.Count, limits);
        var missing = new HashSet<string>(get.Ids ?? [], StringComparer.Ordinal);
        Begin(call, state);
        foreach (var record in all)
        {
            if (missing.Remove(idOf(record)) || get.Ids is null) write(record);
        }
        End(call, (get.Ids ?? []).Where(missing.Contains));
    }

    public static void Begin(Call call, string state)
    {
        call.Answer.WriteStartObject();
        call.Answer.WriteString("accountId"u8, call.Account.ToString());
        call.Answer.WriteString("state"u8, state);
        call.Answer.WriteStartArray("list"u8);
    }

    public static void End(Call call, IEnumerable<string> notFound)
    {
        call.Answer.WriteEndArray();
        call.Answer.WriteTexts("notFound"u8, notFound);
        call.Answer.WriteEndObject();
    }
}
