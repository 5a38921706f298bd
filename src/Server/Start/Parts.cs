using Aviso.Settings;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>All parts of the server: opened in one order, told of new settings in the same, closed in reverse.</summary>
internal sealed class Parts(ILogger log) : IAsyncDisposable
{
    /// <summary>Ready is only said when mail is taken: the listeners come after everything that mail needs.</summary>
    public static IReadOnlyList<OpenPart> InStartOrder { get; } =
    [
        // To be heard and seen.
        LogPart.OpenAsync, MetricsPart.OpenAsync,
        // The truth on disk: the store takes the lock of the data folder.
        StorePart.OpenAsync, TallyPart.OpenAsync, AccountsPart.OpenAsync, LoginsPart.OpenAsync, GuardPart.OpenAsync, TracePart.OpenAsync,
        // The world outside: names, certificates, where mail goes and how safely.
        DnsPart.OpenAsync, CertificatesPart.OpenAsync, OutboundPart.OpenAsync, TransportPart.OpenAsync,
        // The fate of a message.
        SendersPart.OpenAsync, SpamPart.OpenAsync, QueuePart.OpenAsync, RelaysPart.OpenAsync, ReportsPart.OpenAsync, SievePart.OpenAsync,
        ReceivePart.OpenAsync,
        // Listeners: mail first, then http and metrics; then what needs their ports.
        ListenersPart.OpenAsync, JmapPart.OpenAsync, WebPart.OpenAsync, EnforcementPart.OpenAsync, RenewalPart.OpenAsync,
        ProbePart.OpenAsync,
        // What the DNS ought to say of all this.
        DnsPlanPart.OpenAsync,
        // Copies of all of it elsewhere.
        BackupPart.OpenAsync,
        // Whether all of it agrees with the world, and who is told when it does not.
        DoctorPart.OpenAsync, EventsPart.OpenAsync,
        // Mail from other servers.
        MovingPart.OpenAsync,
        // The way in for verbs; last the secrets, so that every other part has taken them.
        AdminPart.OpenAsync, SecretsPart.OpenAsync,
    ];

    private readonly List<IPart> _open = [];

    /// <summary>Opens all; when one fails, those before it stay open until this is disposed.</summary>
    public async Task OpenAsync(IReadOnlyList<OpenPart> inOrder, Site site, ServerSettings settings, CancellationToken cancel)
    {
        foreach (var open in inOrder) _open.Add(await open(site, settings, cancel));
    }

    /// <summary>Why these settings cannot be taken, by the first part that cannot; none when all can.</summary>
    public async Task<IReadOnlyList<string>> RefusesAsync(ServerSettings now, CancellationToken cancel)
    {
        foreach (var part in _open)
            if (await part.RefusesAsync(now, cancel) is { Count: > 0 } problems) return problems;
        return [];
    }

    /// <summary>What does not hold yet, of all parts; said in the log too.</summary>
    public async Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        var notes = new List<string>();
        foreach (var part in _open)
        {
            foreach (var note in await part.TakeAsync(now, cancel))
            {
                log.HoldsNotYet(part.Name, note);
                notes.Add(note);
            }
        }
        return notes;
    }

    /// <summary>One that fails to stop does not keep the others from it.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var last = _open.Count - 1; last >= 0; last--)
        {
            try
            {
                await _open[last].DisposeAsync();
            }
            catch (Exception e)
            {
                await Console.Error.WriteLineAsync($"aviso: stopping {_open[last].Name}: {e.Message}");
            }
        }
        _open.Clear();
    }
}
