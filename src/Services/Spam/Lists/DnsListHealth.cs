using System.Net;
using Aviso.Dns;
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>How one question to a list ended.</summary>
internal enum ListResult
{
    /// <summary>Not on the list.</summary>
    Clear,

    /// <summary>On the list.</summary>
    Listed,

    /// <summary>The list does not want to answer us: too many questions, or from a resolver that everybody uses.</summary>
    Refused,

    /// <summary>No answer.</summary>
    Failed,
}

/// <summary>
/// Whether one list is to be believed. Before the first question, and once a day, it is tested (RFC 5782 §5): its test entry must be listed
/// and its counterpart not. A list that refuses us, does not answer or lists everything is left alone for a while, with an event.
/// Thread-safe.
/// </summary>
internal sealed class DnsListHealth(DnsList list, IResolver resolver, TimeProvider clock, ILogger log)
{
    private const int MostFailures = 5;
    private static readonly TimeSpan TestPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BelievedFor = TimeSpan.FromDays(1);
    private static readonly TimeSpan RefusedFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan SilentFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan BrokenFor = TimeSpan.FromHours(6);

    private readonly Lock _gate = new();
    private string? _trouble;
    private bool _tested;
    private DateTimeOffset _until;
    private Task? _testing;
    private int _failures;

    /// <summary>Null when the list may be asked; else why not, in a word. Waits for a first test, not for later ones.</summary>
    public async ValueTask<string?> TroubleAsync(CancellationToken cancel)
    {
        Task testing;
        lock (_gate)
        {
            if (_tested && clock.GetUtcNow() < _until) return _trouble;
            _testing ??= Task.Run(TestAsync, CancellationToken.None);
            if (_tested) return _trouble;
            testing = _testing;
        }
        await testing.WaitAsync(cancel);
        lock (_gate) return _trouble;
    }

    /// <summary>"untested", "believed" or what is wrong, and when it is tested again.</summary>
    public (string State, DateTimeOffset? Until) State
    {
        get
        {
            lock (_gate) return _tested ? (_trouble ?? "believed", _until) : ("untested", null);
        }
    }

    /// <summary>Tests it now, whatever is known.</summary>
    public async Task RetestAsync(CancellationToken cancel)
    {
        Task testing;
        lock (_gate) testing = _testing ??= Task.Run(TestAsync, CancellationToken.None);
        await testing.WaitAsync(cancel);
    }

    /// <summary>What came of one question; many bad answers in a row make the list wait.</summary>
    public void Note(ListResult result, string answer)
    {
        SpamMeters.ListAnswer(list.Zone, Word(result));
        if (result is ListResult.Clear or ListResult.Listed)
        {
            Volatile.Write(ref _failures, 0);
            return;
        }
        if (result == ListResult.Refused) Trouble("refused", answer, RefusedFor);
        else if (Interlocked.Increment(ref _failures) >= MostFailures) Trouble("silent", "", SilentFor);
    }

    /// <summary>
    /// What an answer means, before any code is looked at. Outside 127.0.0.0/8 somebody else answers (RFC 5782 §2.1); 127.255.255.0/24,
    /// 127.0.0.1, 127.0.0.255 and 127.0.1.255 are what lists say instead of an error.
    /// </summary>
    public static ListResult ResultOf(DnsAnswer answer, out string shown)
    {
        shown = "";
        if (answer.IsTemporary) return ListResult.Failed;
        var result = ListResult.Clear;
        Span<byte> octets = stackalloc byte[4];
        foreach (var record in answer.Of<ARecord>())
        {
            shown = record.Address.ToString();
            if (!record.Address.TryWriteBytes(octets, out _) || octets[0] != 127) return ListResult.Refused;
            if (octets is [_, 255, 255, _] or [_, 0, 0, 1 or 255] or [_, 0, 1, 255]) return ListResult.Refused;
            result = ListResult.Listed;
        }
        return result;
    }

    private async Task TestAsync()
    {
        try
        {
            using var patience = new CancellationTokenSource(TestPatience, clock);
            var (listed, clear) = list.Test.Length > 0 ? (list.Test, "invalid")
                : (list.Ask & (ListSubjects.Client | ListSubjects.Hops)) != 0 ? (SubjectFinder.Reversed(new IPAddress([127, 0, 0, 2])),
                    SubjectFinder.Reversed(IPAddress.Loopback)) : ("test", "invalid");
            var first = ResultOf(await resolver.QueryAsync($"{listed}.{list.Zone}", DnsType.A, patience.Token).AsTask().WaitAsync(
                patience.Token), out var answer);
            var second = ListResult.Clear;
            if (first == ListResult.Listed)
                second = ResultOf(await resolver.QueryAsync($"{clear}.{list.Zone}", DnsType.A, patience.Token).AsTask().WaitAsync(
                    patience.Token), out answer);
            Tested(first, second, answer);
        }
        catch (Exception e)
        {
            // No resolver throws but for the time that is over; whatever it was, the list did not answer.
            log.ListTestFailed(list.Zone, e.GetType().Name);
            Tested(ListResult.Failed, ListResult.Failed, "");
        }
    }

    private void Tested(ListResult listed, ListResult clear, string answer)
    {
        switch (listed, clear)
        {
            case (ListResult.Listed, ListResult.Clear):
                lock (_gate)
                {
                    if (_trouble is not null) log.ListBelieved(list.Zone);
                    (_trouble, _tested, _testing, _until) = (null, true, null, clock.GetUtcNow() + BelievedFor);
                }
                SpamMeters.ListBelieved(list.Zone, true);
                return;
            case (ListResult.Failed, _) or (_, ListResult.Failed): Trouble("silent", "", SilentFor); return;
            case (ListResult.Refused, _): Trouble("refused", answer, RefusedFor); return;
            // What must never be listed is: the list lists everything, or has been given up.
            default:
                Trouble("broken", listed == ListResult.Clear
                ? "its test entry is missing" : $"it lists what must not be listed: {answer}", BrokenFor); return;
        }
    }

    private void Trouble(string what, string detail, TimeSpan time)
    {
        var until = clock.GetUtcNow() + time;
        lock (_gate)
        {
            var isNews = _trouble != what;
            (_trouble, _tested, _testing, _until) = (what, true, null, until);
            _failures = 0;
            if (!isNews) return;
        }
        SpamMeters.ListBelieved(list.Zone, false);
        SpamMeters.ListAnswer(list.Zone, what);
        if (what == "refused") log.ListRefuses(list.Zone, detail, until);
        else if (what == "silent") log.ListSilent(list.Zone, until);
        else log.ListBroken(list.Zone, detail, until);
    }

    private static string Word(ListResult result) => result switch
    {
        ListResult.Clear => "clear",
        ListResult.Listed => "listed",
        ListResult.Refused => "refused",
        _ => "failed",
    };
}
