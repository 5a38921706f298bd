using System.Net;
using Aviso.MailAuth;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>What a message itself wants of TLS on its way (RFC 8689).</summary>
internal enum TlsWish
{
    /// <summary>What the recipient's domain says holds.</summary>
    Policy,

    /// <summary>REQUIRETLS: verified, and promised by the next hop too.</summary>
    Required,

    /// <summary>"TLS-Required: No": nothing that a domain says may stop it.</summary>
    Optional,
}

/// <summary>What a session with one mail host must show, and under which policy it is counted (RFC 8460 §4.2).</summary>
internal sealed record HostPolicy(string Domain, string Host, TlsJudge Judge)
{
    public const string Tlsa = "tlsa", Sts = "sts", NoPolicy = "no-policy-found";

    public string Kind { get; private init; } = NoPolicy;

    public IReadOnlyList<string> Lines { get; private init; } = [];

    public IReadOnlyList<string> MxHosts { get; private init; } = [];

    /// <summary>Only with TLS and a certificate the judge calls good.</summary>
    public bool IsStrict { get; private init; }

    /// <summary>Why the host is not dialled at all; null when it may be.</summary>
    public TlsFault? Refuses { get; private init; }

    /// <summary>That is so because the policy could not be had now.</summary>
    public bool MayChange { get; private init; }

    /// <summary>Counted as a fault although the session goes on: the host is in no line of a policy that is only tested.</summary>
    public TlsFault? Noted { get; private init; }

    public bool IsCounted { get; private init; } = true;

    public TlsWish Wish { get; private init; }

    /// <summary>For the reasons in the queue.</summary>
    public string Name => (Wish, Kind) switch
    {
        (TlsWish.Required, _) => "REQUIRETLS",
        (_, Tlsa) => "DANE",
        (_, Sts) => "MTA-STS",
        _ => "TLS",
    };

    /// <param name="dane">Not <see cref="DaneState.Unknown"/>.</param>
    /// <param name="secure">The DNS vouches for the host being the domain's (RFC 4035).</param>
    public static HostPolicy Of(
        string domain, string host, DaneAnswer dane, StsAnswer sts, bool secure, TlsWish wish, Func<DaneAnswer, TlsJudge> judgeOf)
    {
        if (wish == TlsWish.Optional) return new(domain, host, TlsSight.Any) { IsCounted = false, Wish = wish };
        var policy = Found(domain, host, dane, sts.Policy, judgeOf) with { Wish = wish };
        // RFC 8689 §4.2.1: the names of the hosts must be believed by DNSSEC or MTA-STS, the certificate by DANE or the authorities.
        if (wish != TlsWish.Required || policy.Refuses is not null || dane.State == DaneState.Match
            || (policy.IsStrict && policy.Kind == Sts)) return policy;
        return secure ? policy with { Judge = TlsSight.WebPki(host), IsStrict = true }
            : policy with { Refuses = new("", $"neither DNSSEC nor MTA-STS vouches for the mail hosts of {domain}{(sts.Problem.Length > 0 ? " now: " + sts.Problem : "")}"), MayChange = sts.IsTemporary };
    }

    private static HostPolicy Found(string domain, string host, DaneAnswer dane, StsPolicy? sts, Func<DaneAnswer, TlsJudge> judgeOf)
    {
        // RFC 8461 §2: MTA-STS never overrides DANE.
        if (dane.State == DaneState.Match)
            return new(domain, host, judgeOf(dane)) { Kind = Tlsa, IsStrict = true, Lines = [.. dane.Records.Select(r => $"{r.Usage} {r.Selector} {r.MatchingType} {Convert.ToHexStringLower(r.Data)}")] };
        var missing = sts is null || sts.Covers(host) ? null
            : new TlsFault("validation-failure",
                $"{host} is none of the mail hosts that the MTA-STS policy of {domain} names ({string.Join(' ', sts.Mx.Take(10))})");
        if (sts?.Mode == StsMode.Enforce)
            return new(domain, host, TlsSight.WebPki(host)) { Kind = Sts, Lines = sts.Lines, MxHosts = sts.Mx, IsStrict = true, Refuses = missing };
        if (dane.State == DaneState.Encrypt) return new(domain, host, TlsSight.Any) { Kind = Tlsa, IsStrict = true };
        return sts?.Mode == StsMode.Testing
            ? new(domain, host, TlsSight.WebPki(host)) { Kind = Sts, Lines = sts.Lines, MxHosts = sts.Mx, Noted = missing }
            : new(domain, host, TlsSight.Any);
    }
}

/// <summary>Where policies are found and sessions are counted.</summary>
internal sealed class HopPolicies(TlsDane dane, StsPolicies? sts, TlsTally? tally, ILogger log)
{
    /// <summary>What the domain says; asked once for all of its hosts.</summary>
    public async Task<StsAnswer> DomainAsync(string domain, TlsWish wish, CancellationToken cancel)
    {
        if (sts is null || wish == TlsWish.Optional) return StsAnswer.None;
        var found = await sts.FindAsync(domain, cancel);
        if (found.Result.Length > 0) Count(domain, HostPolicy.Sts, found.Policy?.Lines ?? [], found.Policy?.Mx
            ?? [], new(found.Result, "", "", "", 1, Reason(found.Problem), ""));
        return found;
    }

    /// <summary>Null when the DNS cannot say and the host must not be used now (RFC 7672 §2.1.2).</summary>
    public async Task<HostPolicy?> HostAsync(string domain, string host, StsAnswer sts, bool secure, TlsWish wish, CancellationToken cancel)
    {
        var answer = secure && wish != TlsWish.Optional ? await dane.FindAsync(host, cancel) : DaneAnswer.None;
        if (answer.State != DaneState.Unknown) return HostPolicy.Of(domain, host, answer, sts, secure, wish, a =>
            dane.Judge(a, host, domain));
        Count(domain, HostPolicy.Tlsa, [], [], new("dnssec-invalid", "", host, "", 1, "", ""));
        return null;
    }

    /// <summary>One session that was tried, or a host that was passed over.</summary>
    public void Count(HostPolicy policy, TlsFault? fault, IPAddress? from, IPAddress? to)
    {
        if (!policy.IsCounted || fault?.Result.Length == 0) return;
        if (fault is not null && policy is { Kind: HostPolicy.Sts, IsStrict: false }) log.StsWouldFail(policy.Domain, policy.Host, fault.Result, fault.Problem);
        Count(policy.Domain, policy.Kind, policy.Lines, policy.MxHosts,
            fault is null
                ? null : new(fault.Result, from?.ToString() ?? "", policy.Host, to?.ToString() ?? "", 1, Reason(fault.Problem), ""));
    }

    private void Count(string domain, string kind, IReadOnlyList<string> lines, IReadOnlyList<string> hosts, TlsFailure? failure)
    {
        TlsMeters.Session(kind, failure?.Result ?? "success");
        if (!domain.StartsWith('[')) tally?.Count(domain, kind, lines, hosts, failure);
    }

    private static string Reason(string problem) => problem.Length > 200 ? problem[..200] : problem;
}
