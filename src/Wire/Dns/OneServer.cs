using System.Net;

namespace Aviso.Dns;

/// <summary>What one server said to one question.</summary>
/// <param name="Trouble">Why nothing is known, in words ("SERVFAIL", "no answer within 3 s"); empty when it answered.</param>
public sealed record ServerAnswer(DnsAnswer Answer, string Trouble)
{
    /// <summary>A validating resolver refuses to give an answer that is there: its DNSSEC signatures do not hold.</summary>
    public bool IsBogus { get; init; }
}

/// <summary>Asks exactly one server, without any cache: what it says is what it says now.</summary>
public sealed class OneServer(TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private const int MaxAliases = 10;

    /// <summary>Never throws but for <paramref name="cancel"/>.</summary>
    public async Task<ServerAnswer> AskAsync(IPEndPoint server, string name, DnsType type, CancellationToken cancel)
    {
        if (DnsName.Normalize(name) is not { } asked) return new(DnsAnswer.None(DnsStatus.NxDomain), "");
        var reply = await DnsExchange.AskAsync(server, asked, type, edns: true, Patience, clock, cancel);
        if (reply?.Rcode is DnsMessage.RcodeFormErr or DnsMessage.RcodeNotImp)
            reply = await DnsExchange.AskAsync(server, asked, type, edns: false, Patience, clock, cancel);
        switch (reply?.Rcode)
        {
            case null: return new(DnsAnswer.None(DnsStatus.Timeout), $"no answer within {Patience.TotalSeconds:0} s");
            case 0 or DnsMessage.RcodeNxDomain: return Read(reply, asked, type);
            case DnsMessage.RcodeServFail: return await ServFailAsync(server, asked, type, cancel);
            case DnsMessage.RcodeRefused: return new(DnsAnswer.None(DnsStatus.ServFail), "REFUSED");
            default: return new(DnsAnswer.None(DnsStatus.ServFail), $"code {reply.Rcode}");
        }
    }

    // RFC 4035 §3.2.2: with CD set a resolver gives what it has without judging it.
    private async Task<ServerAnswer> ServFailAsync(IPEndPoint server, string name, DnsType type, CancellationToken cancel)
    {
        var unjudged = await DnsExchange.AskAsync(server, name, type, edns: true, Patience, clock, cancel, checkingDisabled: true);
        var bogus = unjudged?.Rcode is 0 or DnsMessage.RcodeNxDomain;
        var trouble = bogus ? "SERVFAIL, bogus: the DNSSEC signatures do not hold" : "SERVFAIL";
        return new(DnsAnswer.None(DnsStatus.ServFail), trouble) { IsBogus = bogus };
    }

    private static ServerAnswer Read(DnsMessage reply, string name, DnsType type)
    {
        var at = name;
        for (var aliases = 0; type != DnsType.Cname && reply.Answers.OfType<CnameRecord>().FirstOrDefault(c => c.Name == at) is { } alias;
            at = alias.Target)
            if (++aliases > MaxAliases) return new(DnsAnswer.None(DnsStatus.ServFail), "aliases that run in a circle");
        var records = reply.Answers.Where(r => r.Type == type && r.Name == at).ToList();
        // Neither a zone's server (AA) nor a resolver (RA): it was named for a zone that it does not hold.
        if (records.Count == 0 && at == name && (reply.Flags & 0x0480) == 0) return new(DnsAnswer.None(DnsStatus.ServFail),
            "it does not hold this zone (lame delegation)");
        var status = records.Count > 0 ? DnsStatus.Ok : reply.Rcode == DnsMessage.RcodeNxDomain ? DnsStatus.NxDomain : DnsStatus.NoData;
        return new(new(status, reply.AuthenticData, records, default) { CanonicalName = at }, "");
    }
}
