using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>Counts our own TLS sessions to other domains, a day (UTC) and domain at a time, for TLS reports (RFC 8460).</summary>
public sealed class TlsTally(IDocumentRows documents, TimeProvider clock)
{
    private const string Kind = "tls-tally";
    private const int MostPolicies = 20;
    private const int MostFailures = 200;

    private readonly DayTally<List<PolicyDay>> _days =
        new(documents, clock, Kind, (name, day) => Report(name, day).Write(), kept => Read(kept, clock));

    /// <summary>One session that was tried.</summary>
    /// <param name="policyType">sts, tlsa or no-policy-found.</param>
    /// <param name="lines">The policy as found.</param>
    /// <param name="failure">Its count is not looked at; null when the session was as the policy wants it.</param>
    public void Count(string domain, string policyType, IReadOnlyList<string> lines, IReadOnlyList<string> mxHosts, TlsFailure? failure)
    {
        _days.Count(domain, () => [], day =>
        {
            var policy = day.Find(p => p.Type == policyType && p.Lines.SequenceEqual(lines));
            if (policy is null && day.Count < MostPolicies) day.Add(policy = new(policyType, [.. lines], [.. mxHosts]));
            if (policy is null) ReportMeters.NotCounted(Kind);
            else policy.Add(failure is null ? null : failure with { Count = 1 }, MostFailures);
        });
    }

    /// <summary>Sessions that no domain's report will name, since this was asked last.</summary>
    public long TakeLeftOut() => _days.TakeLeftOut();

    public Task LoadAsync(CancellationToken cancel) => _days.LoadAsync(cancel);

    public Task SaveAsync(CancellationToken cancel) => _days.SaveAsync(cancel);

    /// <summary>The days that are over, with their key for <see cref="DoneAsync"/>.</summary>
    public IReadOnlyList<(string Key, string Domain, IReadOnlyList<TlsReportPolicy> Policies)> Over() =>
        _days.Over((key, domain, day) => (key, domain, Report(key, day).Policies));

    public Task DoneAsync(string key, CancellationToken cancel) => _days.DoneAsync(key, cancel);

    private static List<PolicyDay>? Read(Document document, TimeProvider clock) =>
        TlsReport.Parse(document.Value, new(WorkLimits.Report, clock), out _) is { } stored ? [.. stored.Policies.Select(PolicyDay.Of)] : null;

    private static TlsReport Report(string name, List<PolicyDay> day) => new()
    {
        Organization = "",
        Start = DateTimeOffset.UnixEpoch,
        End = DateTimeOffset.UnixEpoch,
        ReportId = name,
        Policies = [.. day.Select(p => p.ToReport(name[9..]))],
    };

    private sealed record PolicyDay(string Type, string[] Lines, string[] MxHosts)
    {
        private readonly Dictionary<TlsFailure, long> _failures = [];
        private long _successful, _failed;

        public static PolicyDay Of(TlsReportPolicy policy)
        {
            var day = new PolicyDay(policy.Type, [.. policy.Lines], [.. policy.MxHosts])
            {
                _successful = policy.Successful,
                _failed = policy.Failed,
            };
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
            // The report's sum has it; its details do not.
            else ReportMeters.NotCounted(Kind);
        }

        public TlsReportPolicy ToReport(string domain) => new(
            Type, domain, Lines, MxHosts, _successful, _failed, [.. _failures.Select(f => f.Key with { Count = f.Value })]);
    }
}
