using System.Net;
using System.Threading.Channels;
using Aviso.Base;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>
/// "We refused one of ours": the first refusal of a machine of our networks, or of a program's own login, is a finding within seconds; it
/// stands until it has not happened for a day (incidents 7, 20 and 35). Connections do not wait for it; when too much comes at once the
/// rest is counted and said.
/// </summary>
/// <param name="isOurs">An address of `networks.internal`.</param>
public sealed class OwnWatch(FindingBook book, Func<IPAddress, bool> isOurs, TimeProvider clock, ILogger log) : IDisposable
{
    private const int MostWaiting = 1000;
    private static readonly TimeSpan Stands = TimeSpan.FromDays(1), SayAgain = TimeSpan.FromHours(1);

    private readonly Channel<Finding> _heard = Channel.CreateBounded<Finding>(new BoundedChannelOptions(MostWaiting));
    private readonly Dictionary<string, DateTimeOffset> _told = new(StringComparer.Ordinal);
    private long _lost;

    /// <summary>From here on it hears of refusals.</summary>
    public void Begin() => OwnRefusals.Heard += Hear;

    public void Dispose() => OwnRefusals.Heard -= Hear;

    /// <summary>What clients did, as Guard hears it: of ours only failed logins are news, refusals come with more to say.</summary>
    /// <param name="user">For whom the login was.</param>
    public void Hear(Evidence evidence, string? user)
    {
        if (evidence.What != Reason.LoginFailed || !isOurs(evidence.Client)) return;
        var name = user is { Length: > 0 } given ? given : "an unknown account";
        Put(new(FindingCode.OwnLoginFailed, $"{evidence.Client} as {name}",
            $"a login as {name} from {evidence.Client}, one of our networks, failed", $"on {ListenerKinds.Name(evidence.Kind)}",
            "Give the program its present password, or an app password of its own.", $"aviso app-password add {name} --name PROGRAM"));
    }

    internal void Hear(OwnRefusal refusal)
    {
        // What is only put off comes again by itself, and who said goodbye was not refused.
        if (refusal.Reply.StartsWith('4') || refusal.Why is { IsDrop: false, EndsSession: true }) return;
        Put(Judge(refusal));
    }

    /// <summary>Writes down what was heard, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await foreach (var finding in _heard.Reader.ReadAllAsync(stop))
        {
            try
            {
                await TakeAsync(finding, stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.FindingsNotKept(e);
            }
            if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost) log.HappeningsLost(lost);
        }
    }

    private static Finding Judge(OwnRefusal refusal)
    {
        var who = refusal.Login is { } login ? $"{login} from {refusal.Client}" : refusal.Client.ToString();
        var evidence = $"{Named(refusal.Names)}{refusal.Reply} ({refusal.Cause})";
        var sender = refusal.Names.Sender is { Length: > 0 } from ? from : "its address";
        if (refusal.Why == Reason.RelayDenied)
            return new(FindingCode.OwnRelayRefused, who, $"{who}, one of ours, tried to send without a login and was refused", evidence,
                "Let it submit with an account or an app password (ports 465 and 587); no network may relay.",
                    "aviso app-password add ADDRESS --name PROGRAM");
        if (refusal.Why == Reason.SendAs)
            return new(FindingCode.OwnSenderRefused, who, $"{who} may not send as {sender}", evidence,
                "Allow it, or correct the program's sender.",
                $"aviso account set {refusal.Login ?? "ADDRESS"} --send-as {sender}");
        return new(FindingCode.OwnRefused, who, $"{who}, one of ours, was refused", evidence, FindingCode.OwnRefused.ToDo);
    }

    private static string Named(LineNames names) => (names.Helo is { Length: > 0 } helo ? $"HELO {helo} " : "")
        + (names.Sender is { } sender ? $"from <{sender}> " : "") + (names.Recipient is { Length: > 0 } recipient ? $"to <{recipient}> "
            : "");

    private void Put(Finding finding)
    {
        if (!_heard.Writer.TryWrite(finding)) Interlocked.Increment(ref _lost);
    }

    // A program that tries every second is one finding, and one write an hour.
    private async Task TakeAsync(Finding finding, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (_told.TryGetValue(finding.Key, out var last) && now - last < SayAgain) return;
        if (_told.Count >= MostWaiting) _told.Clear();
        _told[finding.Key] = now;
        await book.RaiseAsync(finding, Stands, stop);
    }
}
