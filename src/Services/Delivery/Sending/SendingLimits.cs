using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>What one account may send to addresses elsewhere; replaced as a whole on reload. Mail between accounts of ours is not
/// counted.</summary>
public sealed record SendingLimits
{
    public int MessagesPerHour { get; init; } = 500;

    public int MessagesPerDay { get; init; } = 2000;

    public int RecipientsPerHour { get; init; } = 1000;

    public int RecipientsPerDay { get; init; } = 5000;

    /// <summary>More recipients than this that the account never wrote to, within an hour, hold its mail; see <see cref="Factor"/>.</summary>
    public int NewRecipients { get; init; } = 50;

    /// <summary>An account that often writes to new people may write to so many times its usual number of them.</summary>
    public double Factor { get; init; } = 5;

    /// <summary>Addresses of accounts without any of these limits, lower case.</summary>
    public IReadOnlySet<string> Unlimited { get; init; } = new HashSet<string>(AddressComparer.Instance);
}

/// <summary>An account whose mail to others waits until somebody has looked.</summary>
/// <param name="NewRecipients">Within the hour in which it was found out.</param>
/// <param name="Usual">What an hour of this account had before, on average of those in which it wrote to anybody new.</param>
public sealed record SendingHold(string Address, DateTimeOffset Since, int NewRecipients, double Usual)
{
    /// <summary>Begins every hold reason of the brake.</summary>
    public const string Word = "sending brake:";

    /// <summary>Shown in the queue.</summary>
    public string Reason =>
        $"{Word} {Address} wrote to {NewRecipients} new recipients within an hour, usual are {Usual:0}; see that it is not "
        + $"somebody else, then `aviso account release {Address}`";
}

internal static class SendingMeters
{
    private static readonly Meter Meter = new("Aviso.Delivery");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    public static readonly Counter<long> Held = Meter.CreateCounter<long>(
        "aviso_sending_holds_total", description: "Accounts whose mail to others was held for a sudden fan-out to new recipients.");

    private static readonly Counter<long> Limited = Meter.CreateCounter<long>(
        "aviso_sending_limited_total", description: "Messages refused because their account has sent too many, by limit.");

    private static readonly Gauge<long> Now =
        Meter.CreateGauge<long>("aviso_sending_held_accounts", description: "Accounts whose mail to others is held now.");

    public static void Limit(string limit) => Limited.Add(1, new KeyValuePair<string, object?>("limit", limit));

    public static void Show(int accounts) => Now.Record(accounts);
}
