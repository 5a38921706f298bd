// MailAuth owns who sent a message: SPF, DKIM, DMARC, ARC, iprev, SRS, signing, Authentication-Results, and the formats of their
// reports. No state but caches of keys; the DNS and the clock are values. Rules that hold here: nothing a stranger sends makes it
// throw, every check has limits and a time, and a check that could not be made says so and never counts against the sender.
using System.Net;
using Aviso.Base;
using Aviso.Dns;
using Aviso.Mime;

namespace Aviso.MailAuth;

public sealed record VerifierOptions
{
    /// <summary>Our name: authserv-id, and %{r} of SPF.</summary>
    public required string HostName { get; init; }

    /// <summary>For all checks of a message together.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(8);

    public DkimOptions Dkim { get; init; } = new();

    public PublicSuffixes Suffixes { get; init; } = PublicSuffixes.Embedded;
}

/// <summary>Runs all checks of a message at once and says what came of them. Thread-safe.</summary>
public sealed class MailVerifier(IResolver resolver, VerifierOptions options, TimeProvider clock)
{
    private const int MostHeader = 256 * 1024;
    // Each costs questions to the DNS; nobody writes in the name of so many, so one more is a failure, not a way around the others.
    private const int MostAuthors = 20;

    private readonly SpfChecker _spf = new(resolver, options.HostName, clock);
    private volatile DkimArcVerifier _signatures = new(resolver, options.Dkim, clock);
    private readonly DmarcEvaluator _dmarc = new(resolver, options.Suffixes);

    /// <summary>Whose seals count from the next message on; see <see cref="DkimOptions.TrustedSealers"/>.</summary>
    public IReadOnlyList<string> TrustedSealers
    {
        set => _signatures = new(resolver, options.Dkim with { TrustedSealers = value }, clock);
    }

    /// <summary>Never longer than the budget; what did not end is named in <see cref="AuthVerdict.Skipped"/>.</summary>
    public async ValueTask<AuthVerdict> VerifyAsync(AuthInput input, CancellationToken cancel)
    {
        using var budget = new CancellationTokenSource(options.Budget, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancel);
        // DMARC comes last and asks the author's DNS; a sender whose own DNS is slow must not use up its time.
        using var early = new CancellationTokenSource(options.Budget * 0.75, clock);
        using var earlier = CancellationTokenSource.CreateLinkedTokenSource(early.Token, cancel);
        var skipped = new List<string>();
        var authors = FromDomains(input.Body);
        var from = authors is [var only] ? only.Ascii : "";
        var spf = input.SignaturesOnly ? Task.FromResult(SpfVerdict.None)
            : GuardedAsync("spf", () => _spf.CheckAsync(input.Client, input.Helo, input.Sender, earlier.Token), Unanswered(input));
        var signatures = GuardedAsync("dkim", () => _signatures.VerifyAsync(input.Body, earlier.Token), new([], ArcVerdict.None));
        var iprev = input.SignaturesOnly ? Task.FromResult(IprevVerdict.None)
            : GuardedAsync("iprev", () => IprevAsync(input.Client, earlier.Token), new(IprevResult.TempError, ""));
        var (dkim, arc) = await signatures;
        var sender = await spf;
        // One of ours without a signature fails nothing: it had no way to pass.
        var unsigned = input.SignaturesOnly && !dkim.Any(d => d.Result == DkimResult.Pass);
        var dmarc = unsigned ? DmarcVerdict.None with { Domain = from }
            : await DmarcAsync(authors, author => GuardedAsync("dmarc", () => _dmarc.EvaluateAsync(author, sender, dkim, Random.Shared.Next(100), linked.Token),
                DmarcVerdict.None with { Result = DmarcResult.TempError, Domain = author }));
        // Signatures that nobody looked at may have been the author's.
        if (dmarc.Result == DmarcResult.Fail && IsSkipped("dkim")) dmarc = dmarc with { Result = DmarcResult.TempError, Policy = DmarcPolicy.None };
        if (input.SignaturesOnly && dmarc.Result == DmarcResult.Fail) dmarc = DmarcVerdict.None with { Domain = from };
        return new()
        {
            Client = input.Client,
            Helo = input.Helo,
            Sender = input.Sender,
            Spf = sender,
            Dkim = dkim,
            Arc = arc,
            Dmarc = dmarc,
            Iprev = await iprev,
            FromDomain = from,
            Skipped = skipped,
        };

        async Task<T> GuardedAsync<T>(string name, Func<ValueTask<T>> check, T instead)
        {
            try
            {
                return await check();
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                lock (skipped)
                {
                    if (!skipped.Contains(name)) skipped.Add(name);
                }
                return instead;
            }
        }

        bool IsSkipped(string name)
        {
            lock (skipped) return skipped.Contains(name);
        }
    }

    // RFC 7489 §6.6.1: of several domains each is asked, and the strictest answer to a failure counts.
    private static async ValueTask<DmarcVerdict> DmarcAsync(IReadOnlyList<DomainName> authors, Func<string, Task<DmarcVerdict>> evaluate)
    {
        if (authors is [var only]) return await evaluate(only.Ascii);
        if (authors.Count > MostAuthors)
            return DmarcVerdict.None with { Result = DmarcResult.Fail, Policy = DmarcPolicy.Reject, Domain = authors[^1].Ascii };
        var worst = DmarcVerdict.None with { Result = DmarcResult.PermError };
        foreach (var one in await Task.WhenAll(authors.Select(a => evaluate(a.Ascii))))
            if (one.Result == DmarcResult.Fail && (worst.Result != DmarcResult.Fail || one.Policy > worst.Policy)) worst = one;
        return worst;
    }

    private static SpfVerdict Unanswered(AuthInput input)
    {
        var (identity, domain) = input.Sender.Domain.IsNone ? ("helo", input.Helo) : ("mailfrom", input.Sender.Domain.Ascii);
        return new(SpfResult.TempError, domain, identity, "", "not answered in time");
    }

    /// <summary>RFC 8601 §3: the client's name leads back to its address.</summary>
    private async ValueTask<IprevVerdict> IprevAsync(IPAddress client, CancellationToken cancel)
    {
        var names = await ClientNames.OfAsync(resolver, client, enough: 1, cancel);
        if (names.Status is DnsStatus.ServFail or DnsStatus.Timeout) return new(IprevResult.TempError, "");
        if (names.Valid.Count > 0) return new(IprevResult.Pass, names.Valid[0]);
        return new(names.HasAny ? IprevResult.Fail : IprevResult.PermError, "");
    }

    /// <summary>The domains of all authors of all From fields, each once; more than <see cref="MostAuthors"/> when there are more.</summary>
    private static List<DomainName> FromDomains(SpooledBody body)
    {
        var header = Header(body);
        var found = new List<DomainName>(1);
        foreach (var field in new HeaderFields(header.Span))
        {
            if (!field.Is("From"u8)) continue;
            var list = AddressList.Parse(field.Value, out var isWhole);
            // Who stands behind the limit cannot be known: as good as too many.
            if (!isWhole) return [.. found, .. new DomainName[MostAuthors + 1]];
            foreach (var mailbox in AddressList.Mailboxes(list))
            {
                if (!DomainName.TryParse(mailbox.Domain, out var domain) || found.Contains(domain)) continue;
                found.Add(domain);
                if (found.Count > MostAuthors) return found;
            }
        }
        return found;
    }

    private static ReadOnlyMemory<byte> Header(SpooledBody body)
    {
        if (body.InMemory) return body.Memory[..(int)Math.Min(body.Length, MostHeader)];
        var octets = new byte[(int)Math.Min(body.Length, MostHeader)];
        var at = 0;
        while (at < octets.Length && body.Read(at, octets.AsSpan(at)) is var read and > 0) at += read;
        return octets.AsMemory(0, at);
    }
}
