using Aviso.Delivery;
using Aviso.Dns;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>What is next for a key, in words.</summary>
/// <param name="Next">One sentence without a dot.</param>
public sealed record RotationRow(string Domain, string Selector, string State, DateTimeOffset? Since, string Next);

/// <summary>
/// Signing keys that follow one another by themselves, where a zone of ours may be changed: new keys are made, published, waited for at
/// every server of the zone, then signed with; the records of the former ones are taken away when no mail signed by them can be under way.
/// Each step is in the store before it is taken and is found again from there and from the DNS: a crash between any two leaves the next one
/// to do. A first key of a domain is published by the administrator's `dns apply` alone, as all records are.
/// </summary>
/// <param name="owned">What this server wrote into the DNS.</param>
/// <param name="every">How old keys become; zero or less: nobody makes new ones but a verb.</param>
/// <param name="changed">After records of a domain were changed.</param>
public sealed class DkimRotation(
    SigningKeys keys, DnsApply apply, Func<CancellationToken, Task<IReadOnlyList<OwnedSet>>> owned, Func<DnsHosts> hosts,
        Func<TimeSpan> every,
    Func<string, CancellationToken, Task> changed, TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan Beat = TimeSpan.FromMinutes(10);

    /// <summary>Until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Beat, clock, stop);
            await StepAsync(null, stop);
        }
    }

    /// <summary>Does what is due: of one domain, or of all.</summary>
    public async Task StepAsync(string? domain, CancellationToken cancel)
    {
        foreach (var name in keys.Stages().Select(s => s.Domain).Distinct().Where(d => domain is null || d == domain).ToList())
        {
            try
            {
                if (IsDue(name)) await keys.RotateAsync(name, cancel);
                await PublishAsync(name, cancel);
                await CleanAsync(name, cancel);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.RotationFailed(e, name);
            }
        }
    }

    /// <summary>How far each key is and what comes next.</summary>
    public IReadOnlyList<RotationRow> Status() =>
        [.. keys.Stages().Select(s => new RotationRow(s.Domain, s.Selector, s.State, s.RetiredAt ?? s.SigningSince ?? s.Made, Next(s)))];

    private bool IsHeld(string domain) => hosts().For(Name("x", domain)) is not null;

    private bool IsDue(string domain)
    {
        var stages = Of(domain);
        var signing = stages.Where(s => s.State is "signing" or "paused").ToList();
        return every() > TimeSpan.Zero && IsHeld(domain) && signing.Count > 0 && stages.TrueForAll(s => s.State != "waiting")
            && signing.Max(s => s.Made) + every() <= clock.GetUtcNow();
    }

    private async Task PublishAsync(string domain, CancellationToken cancel)
    {
        var stages = Of(domain);
        var waiting = stages.Where(s => s.State == "waiting").Select(s => Label(s.Selector, domain)).ToList();
        if (waiting.Count == 0 || !IsHeld(domain) || !stages.Exists(s => s.SigningSince is not null)) return;
        var rows = await apply.ApplyAsync(domain, waiting, cancel);
        foreach (var row in rows.Where(r => r.State == "failed")) log.RotationWaits(domain, row.Name, row.Text);
        await changed(domain, cancel);
    }

    // Only what this server wrote, and only records of keys that it no longer knows.
    private async Task CleanAsync(string domain, CancellationToken cancel)
    {
        if (!IsHeld(domain)) return;
        var known = keys.Records().Where(r => r.Domain == domain).Select(r => Name(r.Selector, domain))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var gone = (await owned(cancel)).Where(o => o is { Purpose: DnsPurpose.Dkim, Type: DnsType.Txt, Written.Count: > 0 }
            && o.Domain == domain
            && !known.Contains(o.Name)).Select(o => o.AsWanted.Label).ToList();
        if (gone.Count > 0) await apply.ApplyAsync(domain, gone, cancel);
    }

    private List<SigningKeyStage> Of(string domain) => [.. keys.Stages().Where(s => s.Domain == domain)];

    private string Next(SigningKeyStage stage)
    {
        var (held, first) = (IsHeld(stage.Domain), !Of(stage.Domain).Exists(s => s.SigningSince is not null));
        return stage.State switch
        {
            "waiting" when stage.Problem.Length > 0 && held && !first => $"published by itself; then it signs ({stage.Problem})",
            "waiting" => held ? "`aviso dns apply` publishes it; then it signs"
                : "publish the record that `aviso dkim list` prints; then it signs",
            "retired" => $"its record may go at {stage.GoneAt:u}{(held ? ", by itself" : "")}",
            _ when stage.Problem.Length > 0 => stage.Problem,
            _ when held && every() > TimeSpan.Zero => $"the next key is made at {stage.Made + every():u}",
            _ => "signs until `aviso dkim rotate` makes the next one",
        };
    }

    private static string Name(string selector, string domain) => $"{selector}._domainkey.{domain}";

    private static string Label(string selector, string domain) => Name(selector, domain) + "/TXT";
}
