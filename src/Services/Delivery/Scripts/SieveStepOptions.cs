using Aviso.Sieve;

namespace Aviso.Delivery;

/// <summary>How scripts run at delivery; from the settings.</summary>
public sealed record SieveStepOptions
{
    public required string HostName { get; init; }

    /// <summary>Files of the administrator's scripts around the account's.</summary>
    public IReadOnlyList<string> Before { get; init; } = [];

    public IReadOnlyList<string> After { get; init; } = [];

    /// <summary>NAME.sieve in it answers `include :global "NAME"`.</summary>
    public string? GlobalFolder { get; init; }

    /// <summary>All scripts for one message and one account together.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>All scripts for one message, whoever its accounts are.</summary>
    public TimeSpan MessageBudget { get; init; } = TimeSpan.FromSeconds(30);

    public SieveOptions Compile { get; init; } = SieveOptions.Default;

    public SieveLimits Limits { get; init; } = SieveLimits.Default;
}
