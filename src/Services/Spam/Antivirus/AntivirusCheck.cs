using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>How mail is scanned for viruses.</summary>
public sealed record AntivirusOptions
{
    /// <summary>Null: it is not.</summary>
    public ClamdAddress? Clamd { get; init; }

    /// <summary>What is done with a virus: Reject or Tag.</summary>
    public SpamAction Action { get; init; } = SpamAction.Reject;

    /// <summary>Octets; larger mail is not scanned.</summary>
    public long MaxSize { get; init; } = 25L << 20;

    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>
/// VIRUS: what clamd says of the whole message. While clamd is away mail goes on unscanned, which its header, an event and a count say;
/// after a failure it is asked again only a while later, so that mail does not wait for it one by one.
/// </summary>
public sealed class AntivirusCheck(TimeProvider clock, ILogger log) : ISpamCheck
{
    // Enough for the action that is wanted, and no more.
    private const double RejectPoints = 20;
    private const double TagPoints = 8;
    private static readonly TimeSpan AwayFor = TimeSpan.FromSeconds(30);

    private volatile AntivirusOptions _options = new();
    private long _awayUntil;

    public AntivirusOptions Options
    {
        get => _options;
        set
        {
            if (value.Clamd != _options.Clamd) Interlocked.Exchange(ref _awayUntil, 0);
            _options = value;
        }
    }

    public string Name => "clamd";

    public SpamPhase Phase => SpamPhase.Network;

    // Nothing a stranger packs may keep a message from the scanner.
    public bool IsAlone => true;

    // The check ends by itself before.
    public TimeSpan Budget => _options.Patience + TimeSpan.FromSeconds(1);

    public async ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var options = _options;
        if (options.Clamd is not { } address) return;
        if (context.Input.Body.Length > options.MaxSize)
        {
            Skip(context, "too large");
            context.LimitHit("it is larger than what is given to clamd", 0.5);
            return;
        }
        if (clock.GetUtcNow().Ticks < Interlocked.Read(ref _awayUntil))
        {
            Skip(context, "away");
            return;
        }
        using var patience = new CancellationTokenSource(options.Patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            Take(context, options, address, await ClamdClient.ScanAsync(address, context.Input.Body, both.Token));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            Away(context, address, "timeout");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            Away(context, address, e.Message);
        }
    }

    private void Take(SpamContext context, AntivirusOptions options, ClamdAddress address, ClamdReply reply)
    {
        switch (reply.Result)
        {
            case ClamdResult.Clean:
                context.VirusScanned("");
                SpamMeters.Scanned("clean");
                return;
            case ClamdResult.Virus:
                context.VirusScanned(reply.Text);
                context.Add("VIRUS", options.Action == SpamAction.Reject ? RejectPoints : TagPoints, $"clamd found {reply.Text}");
                context.Ask(options.Action, $"virus {reply.Text}");
                log.VirusFound(reply.Text);
                SpamMeters.Scanned("virus");
                return;
            case ClamdResult.Suspicion:
                context.VirusScanned("");
                context.Add("CLAMD_SUSPICION", SuspicionPoints(reply.Text), $"clamd suspects {reply.Text}");
                SpamMeters.Scanned("suspicion");
                return;
            case ClamdResult.Limit:
                log.ClamdRefused(address.ToString(), reply.Text);
                Skip(context, "limit");
                context.LimitHit("it is more than clamd looks at", 0.5);
                return;
            case ClamdResult.TooLarge:
                log.ClamdRefused(address.ToString(), "larger than its StreamMaxLength");
                Skip(context, "too large");
                context.LimitHit("it is larger than clamd takes", 0.5);
                return;
            default:
                log.ClamdRefused(address.ToString(), reply.Text);
                Skip(context, "error");
                return;
        }
    }

    // No signature stands behind these: ordinary mail has locked files, macros and links that look like a bank's.
    private static double SuspicionPoints(string name) => name switch
    {
        _ when name.StartsWith("Heuristics.Phishing.", StringComparison.Ordinal) => 3,
        _ when name.StartsWith("Heuristics.OLE2.ContainsMacros", StringComparison.Ordinal) => 2.5,
        _ when name.StartsWith("Heuristics.Encrypted.", StringComparison.Ordinal) => 2,
        _ when name.StartsWith("Heuristics.", StringComparison.Ordinal) => 1.5,
        _ => 2,
    };

    private void Away(SpamContext context, ClamdAddress address, string cause)
    {
        var until = clock.GetUtcNow() + AwayFor;
        Interlocked.Exchange(ref _awayUntil, until.Ticks);
        log.ClamdSilent(address.ToString(), cause, until);
        Skip(context, "away");
    }

    private void Skip(SpamContext context, string why)
    {
        context.Skip(Name, why);
        SpamMeters.Skipped(Name, why);
        SpamMeters.Scanned("skipped");
    }
}
