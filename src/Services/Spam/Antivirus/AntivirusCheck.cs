using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>What is done with mail that the scanner cannot be asked about.</summary>
public enum Unscanned
{
    /// <summary>It is put off, for as long as <see cref="AntivirusOptions.DeferFor"/>.</summary>
    Defer,

    /// <summary>It is taken; its header says that nobody looked.</summary>
    Accept,
}

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

    public Unscanned Unreachable { get; init; }

    /// <summary>How long clamd may be away before mail is taken all the same: nobody's server keeps trying for ever.</summary>
    public TimeSpan DeferFor { get; init; } = TimeSpan.FromDays(1);
}

/// <summary>
/// VIRUS: what clamd says of the whole message. While clamd is away mail is put off, or taken unscanned where the settings say so; its
/// header, an event and a count tell. After a failure it is asked again only a while later, so that mail does not wait for it one by one.
/// </summary>
public sealed class AntivirusCheck(TimeProvider clock, ILogger log) : ISpamCheck
{
    // Enough for the action that is wanted, and no more.
    private const double RejectPoints = 20;
    private const double TagPoints = 8;
    private static readonly TimeSpan PongPatience = TimeSpan.FromSeconds(1);

    private readonly ClamdAbsence _absence = new(clock, log);
    private volatile AntivirusOptions _options = new();

    public AntivirusOptions Options
    {
        get => _options;
        set
        {
            if (value.Clamd != _options.Clamd) _absence.Forget();
            _options = value;
        }
    }

    /// <summary>How long clamd has not answered; null: it does, or is not asked.</summary>
    public TimeSpan? SilentFor => _options.Clamd is null ? null : _absence.Length;

    public string Name => "clamd";

    public SpamPhase Phase => SpamPhase.Network;

    // Nothing a stranger packs may keep a message from the scanner.
    public bool IsAlone => true;

    public bool IsOwed => _options is { Clamd: not null, Unreachable: Unscanned.Defer } options && !_absence.IsLongerThan(options.DeferFor);

    // The check ends by itself before.
    public TimeSpan Budget => _options.Patience + PongPatience + TimeSpan.FromMilliseconds(500);

    public async ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var options = _options;
        if (options.Clamd is not { } address) return;
        if (context.Input.Body.Length > options.MaxSize)
        {
            Limit(context, "too large", "it is larger than what is given to clamd", 0.5);
            return;
        }
        if (_absence.IsNow)
        {
            Skip(context, "away");
            return;
        }
        using var patience = new CancellationTokenSource(options.Patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            var reply = await ClamdClient.ScanAsync(address, context.Input.Body, both.Token);
            _absence.End(address);
            Take(context, options, address, reply);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            if (await AnswersAsync(address, cancel)) Unfinished(context, address);
            else Away(context, address, "timeout");
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
                Said(context, "", "clean");
                return;
            case ClamdResult.Virus:
                Said(context, reply.Text, "virus");
                context.Add("VIRUS", options.Action == SpamAction.Reject ? RejectPoints : TagPoints, $"clamd found {reply.Text}");
                context.Ask(options.Action, $"virus {reply.Text}");
                log.VirusFound(reply.Text);
                return;
            case ClamdResult.Suspicion:
                Said(context, "", "suspicion");
                context.Add("CLAMD_SUSPICION", SuspicionPoints(reply.Text), $"clamd suspects {reply.Text}");
                return;
            case ClamdResult.Limit:
                log.ClamdRefused(address.ToString(), reply.Text);
                Limit(context, "limit", "it is more than clamd looks at", 0.5);
                return;
            case ClamdResult.TooLarge:
                log.ClamdRefused(address.ToString(), "larger than its StreamMaxLength");
                Limit(context, "too large", "it is larger than clamd takes", 0.5);
                return;
            default:
                // Out of memory, out of disk: the next try may be scanned.
                log.ClamdRefused(address.ToString(), reply.Text);
                Skip(context, "error");
                return;
        }
    }

    private void Said(SpamContext context, string virus, string result)
    {
        context.Answered(Name);
        context.VirusScanned(virus);
        SpamMeters.Scanned(result);
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

    // clamd(8) says PONG while it has a thread to spare, so one message that it chews on does not stop all others.
    private async Task<bool> AnswersAsync(ClamdAddress address, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(PongPatience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            return await ClamdClient.PingAsync(address, both.Token);
        }
        catch (Exception e) when (e is SocketException or IOException || !cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    // It would be so the next time too: where it may not be taken unscanned it is filed where nobody opens it unwarned.
    private void Unfinished(SpamContext context, ClamdAddress address)
    {
        log.ClamdRefused(address.ToString(), $"not done after {_options.Patience.TotalSeconds:0.#} s");
        if (_options.Unreachable == Unscanned.Defer) context.Ask(SpamAction.Tag, "the virus scanner did not finish");
        Limit(context, "timeout", "clamd did not finish with it", 1);
    }

    private void Away(SpamContext context, ClamdAddress address, string cause)
    {
        _absence.Begin(address, cause, _options);
        Skip(context, "away");
    }

    // It was asked, or is not meant to be: that is an answer, which counts.
    private void Limit(SpamContext context, string why, string reason, double score)
    {
        context.Answered(Name);
        Skip(context, why);
        context.LimitHit(reason, score);
    }

    private void Skip(SpamContext context, string why)
    {
        context.Skip(Name, why);
        SpamMeters.Skipped(Name, why);
        SpamMeters.Scanned("skipped");
    }
}
