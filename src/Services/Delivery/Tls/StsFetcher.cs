using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Aviso.Dns;
using Aviso.Net;

namespace Aviso.Delivery;

/// <summary>What came of a fetch.</summary>
/// <param name="Policy">Null when there is none to be had.</param>
/// <param name="Result">RFC 8460 §4.3.2.2: sts-policy-fetch-error, sts-policy-invalid, sts-webpki-invalid; empty with a policy.</param>
/// <param name="Problem">The reason in words.</param>
public sealed record StsFetch(StsPolicy? Policy, string Result, string Problem);

/// <summary>
/// Gets https://mta-sts.DOMAIN/.well-known/mta-sts.txt (RFC 8461 §3.3): no redirects, a certificate that holds for that name, text/plain,
/// at most 64 KiB, at most a minute. Every address is asked of the guard before it is dialled.
/// </summary>
public sealed class StsFetcher(IResolver resolver, Func<IPAddress, bool> mayDial, Dial dial, TimeProvider clock)
{
    private const int Port = 443;
    private const int MostDials = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1), DialPatience = TimeSpan.FromSeconds(15);

    private readonly MxLookup _lookup = new(resolver, _ => false);

    /// <summary>The only authorities that count, instead of the system's; null for the system's.</summary>
    public X509Certificate2Collection? Roots { get; init; }

    /// <summary>Never throws for what the network or the web server does.</summary>
    public async Task<StsFetch> FetchAsync(string domain, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(Patience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            return await AskAsync(domain, linked.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Error($"mta-sts.{domain} did not answer within {Patience.TotalMinutes:0} minute");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException)
        {
            return Has<AuthenticationException>(e)
                ? new(null, "sts-webpki-invalid", $"the certificate of mta-sts.{domain} does not hold: {Deepest(e)}")
                : Error($"mta-sts.{domain}: {Deepest(e)}");
        }
    }

    private async Task<StsFetch> AskAsync(string domain, CancellationToken cancel)
    {
        using var handler = Handler();
        using var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://mta-sts.{domain}/.well-known/mta-sts.txt");
        using var reply = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        // RFC 8461 §3.3: only 200 counts, and HTTP 3xx must not be followed.
        if (reply.StatusCode != HttpStatusCode.OK) return Error($"mta-sts.{domain} answers {(int)reply.StatusCode} where only 200 counts");
        if (!string.Equals(reply.Content.Headers.ContentType?.MediaType, "text/plain", StringComparison.OrdinalIgnoreCase))
            return Error($"mta-sts.{domain} says that the policy is {reply.Content.Headers.ContentType?.MediaType ?? "of no type"}, not text/plain");
        await using var stream = await reply.Content.ReadAsStreamAsync(cancel);
        var octets = new byte[StsPolicy.MostOctets + 1];
        var length = await stream.ReadAtLeastAsync(octets, octets.Length, false, cancel);
        if (length > StsPolicy.MostOctets) return new(null, "sts-policy-invalid", $"the policy of {domain} has more than 64 KiB");
        return StsPolicy.Parse(octets.AsSpan(0, length), out var problem) is { } policy
            ? new(policy, "", "") : new(null, "sts-policy-invalid", $"the policy of {domain} cannot be read: {problem}");
    }

    // RFC 8461 §3.3 wants revocation looked at where it can be; nothing a stranger names is downloaded for it.
    private SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = 16,
        ConnectCallback = (context, cancel) => ConnectAsync(context.DnsEndPoint.Host, cancel),
        SslOptions = new()
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = Authorities.Policy(Roots),
        },
    };

    private async ValueTask<Stream> ConnectAsync(string host, CancellationToken cancel)
    {
        var (addresses, temporary, _) = await _lookup.AddressesAsync(host, cancel);
        if (addresses.Count == 0) throw new IOException(temporary ? "the DNS cannot say now where it is" : "it has no address");
        Exception? last = null;
        foreach (var address in addresses.Take(MostDials))
        {
            if (!mayDial(address))
            {
                QueueMeters.DialsRefused.Add(1);
                last = new IOException($"its address {address} is private or our own and is not dialled");
                continue;
            }
            using var deadline = new CancellationTokenSource(DialPatience, clock);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
            try
            {
                return await dial(new(address, Port), linked.Token);
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
            {
                cancel.ThrowIfCancellationRequested();
                last = e is OperationCanceledException ? new IOException($"{address} does not answer") : e;
            }
        }
        throw new IOException(last!.Message, last);
    }

    private static StsFetch Error(string problem) => new(null, "sts-policy-fetch-error", problem);

    private static bool Has<T>(Exception? e) where T : Exception
    {
        for (; e is not null; e = e.InnerException)
            if (e is T) return true;
        return false;
    }

    private static string Deepest(Exception e)
    {
        while (e.InnerException is { } inner) e = inner;
        return e.Message.ReplaceLineEndings(" ");
    }
}
