namespace Aviso.Doctor;

/// <summary>What a probe does one after the other; the words are in metrics, pushes and verbs. Which of them a run has depends on its
/// way.</summary>
public static class ProbeStage
{
    /// <summary>Handed to a vendor's API, or into our own queue.</summary>
    public const string Send = "send";

    /// <summary>Where our domain's mail goes, asked of the DNS.</summary>
    public const string Dns = "dns";

    /// <summary>A TCP connection to where mail comes in.</summary>
    public const string Connect = "connect";

    /// <summary>Greeting, EHLO and STARTTLS with a certificate that names the host.</summary>
    public const string Tls = "tls";

    /// <summary>From MAIL to the reply after the data.</summary>
    public const string Accept = "accept";

    /// <summary>From our queue to the relay's reply after the data.</summary>
    public const string Relay = "relay";

    /// <summary>From there until it is in the store.</summary>
    public const string Arrive = "arrive";

    /// <summary>Where the filter put it.</summary>
    public const string Verdict = "verdict";

    /// <summary>Found by a client that logs in over TLS.</summary>
    public const string Imap = "imap";

    /// <summary>The same over https.</summary>
    public const string Jmap = "jmap";

    /// <summary>Taken away again.</summary>
    public const string Delete = "delete";
}

/// <summary>A stage that is done.</summary>
public sealed record ProbeStep(string Stage, TimeSpan Took);

/// <summary>One round trip.</summary>
/// <param name="Route">"direct", or the name of a relay or of an API.</param>
/// <param name="Took">From the beginning until it was found everywhere.</param>
/// <param name="FailedStage">Of <see cref="ProbeStage"/>; null: it came.</param>
/// <param name="Problem">One sentence for people; empty when it came.</param>
/// <param name="Path">The hosts that passed it on, by its Received fields, first hop first; empty when it did not come.</param>
/// <param name="NotLooked">Stages that were left out, and why.</param>
/// <param name="Proof">What our own server, as its receiver, says of SPF, DKIM and DMARC (RFC 8601); empty when it did not come.</param>
public sealed record ProbeResult(
    string Route, DateTimeOffset Began, TimeSpan Took, IReadOnlyList<ProbeStep> Steps, string? FailedStage, string Problem, string Path,
    IReadOnlyList<string> NotLooked, string Proof = "")
{
    public bool Came => FailedStage is null;
}

/// <summary>A stage did not succeed.</summary>
public sealed class ProbeException(string stage, string text) : Exception(text)
{
    public string Stage => stage;
}

/// <summary>Times the stages of one run, and knows which one it is in.</summary>
public sealed class ProbeSteps(TimeProvider clock)
{
    private readonly List<ProbeStep> _done = [];
    private readonly List<string> _notLooked = [];
    private readonly long _began = clock.GetTimestamp();

    public IReadOnlyList<ProbeStep> Done => [.. _done];

    public IReadOnlyList<string> NotLooked => [.. _notLooked];

    public TimeSpan Elapsed => clock.GetElapsedTime(_began);

    /// <summary>Where it is now; after a failure the stage that failed.</summary>
    public string Stage { get; private set; } = ProbeStage.Send;

    public async Task<T> DoAsync<T>(string stage, Func<Task<T>> work)
    {
        Stage = stage;
        var began = clock.GetTimestamp();
        var result = await work();
        _done.Add(new(stage, clock.GetElapsedTime(began)));
        return result;
    }

    public Task DoAsync(string stage, Func<Task> work) => DoAsync(stage, async () =>
    {
        await work();
        return true;
    });

    /// <param name="why">Such as "there is no https listener".</param>
    public void LeaveOut(string stage, string why) => _notLooked.Add($"{stage}: {why}");
}
