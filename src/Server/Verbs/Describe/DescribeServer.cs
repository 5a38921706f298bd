using System.Diagnostics;
using Aviso.Doctor;
using Aviso.Server;
using Aviso.Settings;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Which Aviso this is, since when, and where it keeps what.</summary>
internal sealed class DescribeServer(Func<ServerSettings> settings, Func<string, DiskSight?> disk, TimeProvider clock) : IDescribed
{
    public string Title => "Server";

    public Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        using var process = Process.GetCurrentProcess();
        var (now, started) = (settings(), new DateTimeOffset(process.StartTime.ToUniversalTime()));
        part.Say($"Aviso {BuildInfo.Version} has been running as {now.HostName} since {Time(started)} "
            + $"({Span(clock.GetUtcNow() - started)}), process {process.Id}.");
        part.Say(disk(now.Data) is { } sight
            ? $"Its data is in {now.Data}; {Octets(sight.Free)} of {Octets(sight.Total)} are free there."
            : $"Its data is in {now.Data}.");
        part.Say($"Mail for postmaster goes to {now.Postmaster}.");
        if (now.Outbound.Capture is { } capture) part.Say($"Nothing leaves this server: `outbound.capture` gives all of it to {capture}.");
        return Task.CompletedTask;
    }
}
