using System.Globalization;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>Counts our own TLS sessions to other domains, a day (UTC) and domain at a time, for TLS reports (RFC 8460).</summary>
public sealed class TlsTally(IDocumentRows documents, TimeProvider clock)
{
    private const string Kind = "tls-tally";
    private const int MostDomains = 10_000;
    private const int MostPolicies = 20;
    private const int MostFailures = 200;

    private readonly Dictionary<string, DomainDay> _days = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>One session that was tried.</summary>
    /// <param name="policyType">sts, tlsa or no-policy-found.</param>
    /// <param name="lines">The policy as found.</param>
    /// <param name="failure">Its count is not looked at; null when the session was as the policy wants it.</param>
    public void Count(string domain, string policyType, IReadOnlyList<string> lines, IReadOnlyList<string> mxHosts, TlsFailure? failure)
    {
        var name = $"{clock.GetUtcNow().UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}:{domain}";
        lock (_gate)
        {
            if (!_days.TryGetValue(name, out var day))
            {
                if (_days.Count >= MostDomains) return;
                _days[name] = day = new([]);
            }
            day.Changed = true;
            var policy = day.Policies.Find(p => p.Type == policyType && p.Lines.SequenceEqual(lines));
            if (policy is null)
            {
                if (day.Policies.Count >= MostPolicies) return;
                day.Policies.Add(policy = new(policyType, [.. lines], [.. mxHosts]));
            }
            policy.Add(failure is null ? null : failure with { Count = 1 }, MostFailures);
        }
    }

    public async Task LoadAsync(CancellationToken cancel)
    {
        foreach (var document in await documents.ListDocumentsAsync(default, Kind, cancel))
        {
            if (TlsReport.Parse(document.Value, new(WorkLimits.Report, clock), out _) is not { } stored) continue;
            var day = new DomainDay([.. stored.Policies.Select(PolicyDay.Of)]);
            lock (_gate) _days.TryAdd(document.Key.Name, day);
        }
    }

    public async Task SaveAsync(CancellationToken cancel)
    {
        List<Document> changed = [];
        var now = clock.GetUtcNow();
        lock (_gate)
        {
            foreach (var (name, day) in _days.Where(d => d.Value.Changed))
            {
                changed.Add(new(new(default, Kind, name), Report(name, day).Write(), now.ToUnixTimeSeconds(), now.AddDays(7).ToUnixTimeSeconds()));
                day.Changed = false;
            }
        }
        if (changed.Count > 0) await documents.ChangeDocumentsAsync(changed, [], cancel);
    }

    /// <summary>The days that are over, with their key for <see cref="DoneAsync"/>.</summary>
    public IReadOnlyList<(string Key, string Domain, IReadOnlyList<TlsReportPolicy> Policies)> Over()
    {
        var today = clock.GetUtcNow().UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        lock (_gate)
        {
            return [.. _days.Where(d => string.CompareOrdinal(d.Key[..8], today) < 0).Select(d => (d.Key, d.Key[9..], Report(d.Key, d.Value).Policies))];
        }
    }

    public async Task DoneAsync(string key, CancellationToken cancel)
    {
        lock (_gate) _days.Remove(key);
        await documents.ChangeDocumentsAsync([], [new(default, Kind, key)], cancel);
    }

    private static TlsReport Report(string name, DomainDay day) => new()
    {
        Organization = "",
        Start = DateTimeOffset.UnixEpoch,
        End = DateTimeOffset.UnixEpoch,
        ReportId = name,
        Policies = [.. day.Policies.Select(p => p.ToReport(name[9..]))],
    };

    private sealed record DomainDay(List<PolicyDay> Policies)
    {
        public bool Changed { get; set; }
    }

    private sealed record PolicyDay(string Type, string[] Lines, string[] MxHosts)
    {
        private readonly Dictionary<TlsFailure, long> _failures = [];
        private long _successful, _failed;

        public static PolicyDay Of(TlsReportPolicy policy)
        {
            var day = new PolicyDay(policy.Type, [.. policy.Lines], [.. policy.MxHosts]) { _successful = policy.Successful, _failed = policy.Failed };
            foreach (var failure in policy.Failures) day._failures[failure with { Count = 1 }] = failure.Count;
            return day;
        }

        public void Add(TlsFailure? failure, int most)
        {
            if (failure is null)
            {
                _successful++;
                return;
            }
            _failed++;
            if (_failures.TryGetValue(failure, out var before) || _failures.Count < most) _failures[failure] = before + 1;
        }

        public TlsReportPolicy ToReport(string domain) => new(
            Type, domain, Lines, MxHosts, _successful, _failed, [.. _failures.Select(f => f.Key with { Count = f.Value })]);
    }
}
