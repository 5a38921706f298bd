using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>The lists of all relays that have one: shown, and mended. Thread-safe.</summary>
public sealed class RelaySuppressions(RelayLedger ledger, TimeProvider clock, ILogger log) : IDisposable
{
    private readonly HttpClient _http = SuppressionList.Client();
    private volatile IReadOnlyList<SuppressionList> _lists = [];

    public void Take(IReadOnlyList<SuppressionOptions> relays) => _lists = [.. relays.Select(r => SuppressionList.Of(r, _http, clock))];

    public bool Any => _lists.Count > 0;

    public IReadOnlyList<string> Relays => [.. _lists.Select(l => l.Options.Relay)];

    public void Dispose() => _http.Dispose();

    /// <summary>What the lists hold.</summary>
    /// <param name="relay">Null: all.</param>
    public async Task<SuppressionAnswer> ListAsync(string? relay, CancellationToken cancel)
    {
        var answers = await Task.WhenAll(_lists.Where(l => relay is null || l.Options.Relay == relay).Select(l => l.ListAsync(cancel)));
        var problems = answers.Select(a => a.Problem).OfType<string>().ToList();
        return new([.. answers.SelectMany(a => a.Rows)], problems.Count > 0 ? string.Join("; ", problems) : null);
    }

    /// <summary>Of one relay, those whom we wrote to in the last days.</summary>
    public async Task<SuppressionAnswer> OursAsync(string relay, CancellationToken cancel)
    {
        var answer = await ListAsync(relay, cancel);
        var ours = new List<SuppressedAddress>();
        foreach (var row in answer.Rows)
        {
            if (await ledger.HasSentToAsync(relay, row.Address, cancel)) ours.Add(row);
        }
        return answer with { Rows = ours };
    }

    /// <summary>Takes an address off the lists of all relays: where it stood, and what went wrong.</summary>
    public async Task<(IReadOnlyList<string> Relays, string? Problem)> UnblockAsync(string address, CancellationToken cancel)
    {
        var (relays, problems) = (new List<string>(), new List<string>());
        foreach (var list in _lists)
        {
            var (removed, problem) = await list.UnblockAsync(address, cancel);
            if (problem is not null) problems.Add(problem);
            if (removed == 0) continue;
            relays.Add(list.Options.Relay);
            log.Unblocked(list.Options.Relay, address);
        }
        return (relays, problems.Count > 0 ? string.Join("; ", problems) : null);
    }
}
