using System.Buffers;
using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Aviso.Net;

/// <summary>
/// RFC 8737: proves a name in a TLS handshake with a certificate made for it. Listeners ask <see cref="TryAnswerAsync"/> first; while
/// no challenge is pending that costs one look at a counter.
/// </summary>
public sealed class TlsAlpnChallenges : IChallengeAnswer
{
    private const string IdPeAcmeIdentifier = "1.3.6.1.5.5.7.1.31";
    private static readonly SslApplicationProtocol AcmeTls = new("acme-tls/1");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, SslServerAuthenticationOptions> _answers = new(StringComparer.OrdinalIgnoreCase);

    string IChallengeAnswer.Type => "tls-alpn-01";

    /// <summary>A challenge waits for its authority.</summary>
    public bool IsPending => !_answers.IsEmpty;

    /// <summary>
    /// True when the peer was an authority with a challenge and has been answered: close the connection. False: nothing of
    /// <paramref name="input"/> was consumed.
    /// </summary>
    /// <param name="open">The raw stream, which gives what waits in <paramref name="input"/> first.</param>
    public async ValueTask<bool> TryAnswerAsync(PipeReader input, Func<Stream> open, TimeProvider clock, CancellationToken cancel)
    {
        if (!IsPending) return false;
        using var deadline = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            if (!await OffersAcmeAsync(input, either.Token)) return false;
            await using var ssl = new SslStream(open(), leaveInnerStreamOpen: true);
            await ssl.AuthenticateAsServerAsync((_, hello, _, _) => _answers.TryGetValue(hello.ServerName, out var answer)
                ? new(answer) : throw new AuthenticationException("no challenge waits for this name"), null, either.Token);
            // RFC 8737 §3: no data; the handshake was all.
            await ssl.ShutdownAsync();
            return true;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Too slow for an authority: the ordinary handshake has its own deadline.
            return false;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or InvalidOperationException or ObjectDisposedException)
        {
            return true;
        }
    }

    Task<string?> IChallengeAnswer.PublishAsync(string name, string token, string authorization, CancellationToken cancel)
    {
        _answers[name] = new()
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(Certificate(name, authorization), null, offline: true),
            ApplicationProtocols = [AcmeTls],
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13, // RFC 8737 §4
            AllowTlsResume = false,
        };
        return Task.FromResult<string?>(null);
    }

    Task<string?> IChallengeAnswer.WaitAsync(string name, string authorization, CancellationToken cancel) => Task.FromResult<string?>(null);

    Task IChallengeAnswer.WithdrawAsync(string name, string token, string authorization, CancellationToken cancel)
    {
        _answers.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    private static async ValueTask<bool> OffersAcmeAsync(PipeReader input, CancellationToken cancel)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancel);
            var answer = ClientHello.OffersAcme(read.Buffer.IsSingleSegment ? read.Buffer.FirstSpan : read.Buffer.ToArray());
            input.AdvanceTo(read.Buffer.Start, answer is null ? read.Buffer.End : read.Buffer.Start);
            if (answer is { } known) return known;
            if (read.IsCompleted) return false;
        }
    }

    // RFC 8737 §3: self-signed, the name alone in subjectAltName, and the critical acmeIdentifier with the authorization's hash.
    private static X509Certificate2 Certificate(string name, string authorization)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=challenge", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var hash = new AsnWriter(AsnEncodingRules.DER);
        hash.WriteOctetString(SHA256.HashData(Encoding.ASCII.GetBytes(authorization)));
        request.CertificateExtensions.Add(new X509Extension(IdPeAcmeIdentifier, hash.Encode(), critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
    }
}
