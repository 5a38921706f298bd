using Aviso.Base;

namespace Aviso.Trace;

/// <summary>The life of one message: what is known of it, the oldest first.</summary>
/// <param name="Id">That of the reply to its sender; of what has no such one, the id that its events share.</param>
public sealed record MessageTrace(string Id, IReadOnlyList<TraceEvent> Events)
{
    public DateTimeOffset Began => Events.Count > 0 ? Events[0].At : DateTimeOffset.UnixEpoch;

    public DateTimeOffset Ended => Events.Count > 0 ? Events[^1].At : DateTimeOffset.UnixEpoch;

    public string MessageId => First(TraceField.MessageId);

    public string Sender => First(TraceField.Sender);

    public string Subject => First(TraceField.Subject);

    public IReadOnlyList<string> Recipients => [.. Events.Where(e => e.Kind is TraceKind.RecipientAccepted or TraceKind.RecipientRefused
            or TraceKind.Queued).SelectMany(e => e.All(TraceField.Recipient)).Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <summary>What became of it.</summary>
    public TraceState State => TraceStates.Of(Events);

    /// <summary>Nothing more is to come by itself.</summary>
    public bool IsFinal => State is not (TraceState.Waiting or TraceState.Unknown);

    /// <summary>Any evidence is this text, or its domain, or a word of the subject.</summary>
    public bool Matches(string word) => Events.Any(e => e.Evidence.Any(one => Matches(one, word)));

    private static bool Matches(TraceEvidence one, string word)
    {
        if (one.Field == TraceField.Subject)
        {
            var found = false;
            TraceToken.EachWord(one.Text, w => found |= w.Equals(word, StringComparison.OrdinalIgnoreCase));
            return found;
        }
        if (!TraceFieldRules.IsKey(one.Field)) return false;
        if (one.Text.Equals(word, StringComparison.OrdinalIgnoreCase)) return true;
        return TraceFieldRules.IsAddress(one.Field) && MailAddress.DomainOf(one.Text).Equals(word, StringComparison.OrdinalIgnoreCase);
    }

    private string First(TraceField field) => Events.Select(e => e.Get(field)).FirstOrDefault(text => text.Length > 0) ?? "";
}
