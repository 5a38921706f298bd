namespace Aviso.Spam;

/// <summary>When a check runs; within a phase in the order of the list, except Network.</summary>
public enum SpamPhase
{
    /// <summary>Looks at the message and at memory; one after the other.</summary>
    Message,

    /// <summary>Asks others (DNS, clamd, the store); all at once.</summary>
    Network,

    /// <summary>Looks at the symbols of the phases before: composites.</summary>
    Combine,

    /// <summary>Looks at the score and asks for an action: greylisting.</summary>
    Final,
}

/// <summary>
/// One optional step of the filter: adds symbols to the context. It may fail or hang: the filter goes on without it and says so. Used
/// for many messages at once, so it keeps no state of one.
/// </summary>
public interface ISpamCheck
{
    /// <summary>Lower case, for <see cref="SpamVerdict.Skipped"/>, logs and metrics.</summary>
    string Name { get; }

    SpamPhase Phase => SpamPhase.Message;

    /// <summary>How long the filter waits for it; the filter's own budget counts too.</summary>
    TimeSpan Budget => TimeSpan.FromSeconds(1);

    /// <summary>It starts before all others and has a time of its own: whatever the others use up, it is asked.</summary>
    bool IsAlone => false;

    /// <summary>No mail is taken without its answer (<see cref="SpamContext.Answered"/>): where it gives none the mail is put
    /// off.</summary>
    bool IsOwed => false;

    /// <summary>It will unpack much of this message: only few of these run at once.</summary>
    bool IsHeavy(SpamContext context) => false;

    /// <summary>
    /// A check that never waits ends by itself, soon after <paramref name="cancel"/> is set or <see cref="SpamContext.Work"/> is spent:
    /// nothing else stops it.
    /// </summary>
    ValueTask CheckAsync(SpamContext context, CancellationToken cancel);
}
