using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>The arguments of /changes (RFC 8620 §5.2).</summary>
/// <param name="MaxChanges">What the client wants at most, never more than ours.</param>
internal sealed record ChangesArguments(string SinceState, int MaxChanges)
{
    public static ChangesArguments Read(ArgumentReader reader, JmapLimits limits) => new(
        reader.Text("sinceState"), (int)Math.Min(reader.PositiveOrNull("maxChanges") ?? limits.MaxChanges, limits.MaxChanges));
}

/// <summary>The answer of /changes.</summary>
internal sealed record ChangesAnswer(string OldState, string NewState)
{
    /// <summary>NewState is not the present one: the client asks on from there.</summary>
    public bool HasMoreChanges { get; init; }

    public IReadOnlyCollection<string> Created { get; init; } = [];

    public IReadOnlyCollection<string> Updated { get; init; } = [];

    public IReadOnlyCollection<string> Destroyed { get; init; } = [];

    /// <param name="more">Writes further members, such as updatedProperties (RFC 8621 §2.2).</param>
    public void Write(Call call, Action<Utf8JsonWriter>? more = null)
    {
        var writer = call.Answer;
        writer.WriteStartObject();
        writer.WriteString("accountId"u8, call.Account.ToString());
        writer.WriteString("oldState"u8, OldState);
        writer.WriteString("newState"u8, NewState);
        writer.WriteBoolean("hasMoreChanges"u8, HasMoreChanges);
        writer.WriteTexts("created"u8, Created);
        writer.WriteTexts("updated"u8, Updated);
        writer.WriteTexts("destroyed"u8, Destroyed);
        more?.Invoke(writer);
        writer.WriteEndObject();
    }
}
