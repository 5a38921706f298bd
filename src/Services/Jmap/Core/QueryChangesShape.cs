namespace Aviso.Jmap;

/// <summary>The arguments of /queryChanges beside filter and sort (RFC 8620 §5.6).</summary>
/// <param name="MaxChanges">Null: no limit.</param>
internal sealed record QueryChangesArguments(string SinceQueryState, long? MaxChanges, string? UpToId, bool CalculateTotal)
{
    public static QueryChangesArguments Read(ArgumentReader reader) => new(
        reader.Text("sinceQueryState"), reader.PositiveOrNull("maxChanges"), reader.TextOrNull("upToId"),
        reader.Flag("calculateTotal", false));
}

/// <summary>RFC 8620 §5.6: an id and its index in the new result.</summary>
internal readonly record struct AddedItem(string Id, int Index);

/// <summary>The answer of /queryChanges.</summary>
/// <param name="Added">Lowest index first.</param>
/// <param name="Total">Of the new result.</param>
internal sealed record QueryChangesAnswer(
    string NewQueryState, IReadOnlyCollection<string> Removed, IReadOnlyCollection<AddedItem> Added, int Total)
{
    /// <exception cref="MethodFailure">tooManyChanges.</exception>
    public void Write(Call call, QueryChangesArguments arguments)
    {
        if (Removed.Count + Added.Count > arguments.MaxChanges) throw new MethodFailure("tooManyChanges");
        var writer = call.Answer;
        writer.WriteStartObject();
        writer.WriteString("accountId"u8, call.Account.ToString());
        writer.WriteString("oldQueryState"u8, arguments.SinceQueryState);
        writer.WriteString("newQueryState"u8, NewQueryState);
        if (arguments.CalculateTotal) writer.WriteNumber("total"u8, Total);
        writer.WriteTexts("removed"u8, Removed);
        writer.WriteStartArray("added"u8);
        foreach (var (id, index) in Added)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, id);
            writer.WriteNumber("index"u8, index);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
