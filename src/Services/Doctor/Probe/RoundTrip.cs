using Aviso.Store;

namespace Aviso.Doctor;

/// <summary>One run: send, wait, look as clients do, take away.</summary>
internal sealed class RoundTrip(ProbeParts parts, ProbeOptions options, ProbeInbox inbox, ProbeDial dial, HttpClient outside,
    HttpClient ours)
{
    private const int MostWords = 300;

    /// <returns>What came of it, and the marker of what was sent and may still come.</returns>
    public async Task<(ProbeResult Result, string? Missing)> RunAsync(ProbeWay way, DateTimeOffset began, CancellationToken cancel)
    {
        var steps = new ProbeSteps(parts.Clock);
        var letter = ProbeLetter.New(way.Name, way is ApiWay api ? api.From : options.Account, options.To);
        using var patience = new CancellationTokenSource(options.Patience, parts.Clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        var coming = inbox.Expect(letter.Marker);
        ProbeArrival? arrival = null;
        ProbeException? fault = null;
        try
        {
            await SendAsync(way, letter, began, steps, linked.Token);
            arrival = await steps.DoAsync(ProbeStage.Arrive, () => coming.WaitAsync(linked.Token));
            await LookAsync(arrival, steps, linked.Token);
        }
        catch (ProbeException e)
        {
            fault = e;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            fault = new(steps.Stage, steps.Stage == ProbeStage.Arrive
                ? $"it was handed over and has not come within {options.Patience.TotalSeconds:0} s"
                    : $"it took longer than {options.Patience.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            fault = new(steps.Stage, e.Message);
        }
        var took = steps.Elapsed;
        if (arrival is null && coming.IsCompletedSuccessfully) arrival = await coming;
        if (arrival is null) inbox.Await(letter.Marker);
        else fault = await DeleteAsync(arrival, steps) ?? fault;
        cancel.ThrowIfCancellationRequested();
        return (new(way.Name, began, took, steps.Done, fault?.Stage, fault?.Message ?? "", arrival?.Path ?? "", steps.NotLooked,
            Cut(arrival?.Field("Authentication-Results"u8) ?? "")),
            arrival is null ? letter.Marker : null);
    }

    private async Task SendAsync(ProbeWay way, ProbeLetter letter, DateTimeOffset began, ProbeSteps steps, CancellationToken cancel)
    {
        var message = letter.Compose(options.HostName, began);
        switch (way)
        {
            case RelayWay relay:
                await new RelaySend(parts.Store, parts.Reader, parts.Departures, parts.Sign, parts.WakeQueue, parts.Clock)
                    .SendAsync(relay, options, letter, message, steps, cancel);
                break;
            case ApiWay api:
                await new ApiSend(outside).SendAsync(api, letter, steps, cancel);
                break;
            default:
                using (var body = parts.Store.Spool.Make(b => b.Write(message)))
                    message = [.. parts.Sign(body, letter.From.Domain.Ascii).Span, .. message];
                await new DirectSend(options, parts.Resolver, dial, parts.Clock).SendAsync(letter, message, steps, cancel);
                break;
        }
    }

    private async Task LookAsync(ProbeArrival arrival, ProbeSteps steps, CancellationToken cancel)
    {
        await steps.DoAsync(ProbeStage.Verdict, () => Task.FromResult(Verdict(arrival)));
        if (options.Imap is null) steps.LeaveOut(ProbeStage.Imap, options.NoImap);
        if (options.Jmap is null) steps.LeaveOut(ProbeStage.Jmap, options.NoJmap);
        if (options.Imap is null && options.Jmap is null) return;
        var password = await parts.Password(cancel);
        if (options.Imap is not null)
            await steps.DoAsync(ProbeStage.Imap, () => new ImapLook(options, dial).FindAsync(arrival, password, cancel));
        if (options.Jmap is not null) await steps.DoAsync(ProbeStage.Jmap, () =>
            new JmapLook(options, ours).FindAsync(arrival, password, cancel));
    }

    private static bool Verdict(ProbeArrival arrival)
    {
        if (arrival.Mailbox.SpecialUse != SpecialUse.Junk) return true;
        var (why, proof) = (arrival.Field("X-Spam-Result"u8), arrival.Field("Authentication-Results"u8));
        throw new ProbeException(ProbeStage.Verdict, Cut($"our own mail is put into {arrival.Mailbox.Name}: {why} {proof}"));
    }

    private async Task<ProbeException?> DeleteAsync(ProbeArrival arrival, ProbeSteps steps)
    {
        try
        {
            await steps.DoAsync(ProbeStage.Delete, () => inbox.DeleteAsync(arrival, CancellationToken.None));
            return null;
        }
        catch (Exception e)
        {
            return new(ProbeStage.Delete, e.Message);
        }
    }

    private static string Cut(string text) => text.Length > MostWords ? text[..MostWords] : text;
}
