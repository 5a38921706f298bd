using System.Globalization;
using System.Text.Json.Serialization;

namespace Aviso.Accounts;

/// <summary>What an account answers while its owner is away (RFC 8621 §8).</summary>
public sealed record VacationReply
{
    /// <summary>Nobody is answered.</summary>
    public static VacationReply Off { get; } = new();

    public bool IsEnabled { get; init; }

    /// <summary>Messages from then on are answered; null: at once.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Messages before then are answered; null: for good.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Null: one that is made of the message's.</summary>
    public string? Subject { get; init; }

    public string? Text { get; init; }

    public string? Html { get; init; }

    /// <summary>Is a message answered that arrives now. It is on or after the one time and before the other.</summary>
    public bool IsInEffect(DateTimeOffset now) => IsEnabled && !(now < From) && !(now >= To);
}

/// <summary>As it is kept.</summary>
/// <param name="State">Grows by one with each change.</param>
internal sealed record KeptReply(long State, VacationReply Reply)
{
    public static KeptReply None { get; } = new(0, VacationReply.Off);

    public string StateText => State.ToString(CultureInfo.InvariantCulture);
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(KeptReply))]
internal sealed partial class VacationJson : JsonSerializerContext;
