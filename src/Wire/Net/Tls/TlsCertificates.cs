using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Net;

/// <summary>Where one certificate with its chain and key comes from.</summary>
/// <param name="Name">For logs and messages: a path or a settings key, never content.</param>
/// <param name="Read">Reads both as PEM. The certificate file holds the leaf first, then its chain.</param>
/// <param name="Stamp">Changes when the content may have changed; cheap, called every few seconds.</param>
public sealed record TlsSource(string Name, Func<(string Certificates, string Key)> Read, Func<string> Stamp)
{
    public static TlsSource Files(string certificate, string key) => new(
        certificate,
        () => (File.ReadAllText(certificate), File.ReadAllText(key)),
        () => $"{FileStamp(certificate)} {FileStamp(key)}");

    /// <summary>PEM content from the settings; a change comes by <see cref="TlsCertificates.Replace"/>.</summary>
    public static TlsSource Pem(string name, string certificates, string key) => new(name, () => (certificates, key), () => "");

    // Follows links, as mounted secrets are changed by moving a link.
    private static string FileStamp(string path)
    {
        try
        {
            var file = new FileInfo(path);
            var target = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            return $"{target.FullName} {target.LastWriteTimeUtc.Ticks} {target.Length}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "missing";
        }
    }
}

/// <summary>
/// The certificates this server shows: the first is the default, the others answer to the names in them (SNI, RFC 6066
/// §3). A change is all or nothing: a set that cannot be read leaves the old one in use and says so. Sessions resume
/// (TLS 1.2 and 1.3), the protocol is TLS 1.2 or later.
/// </summary>
public sealed class TlsCertificates : IDisposable
{
    private readonly Lock _gate = new();
    // TLS 1.3 as it is; of TLS 1.2 what has forward secrecy and authenticated encryption (RFC 9325 §4.2).
    private static readonly TlsCipherSuite[] StrictSuites =
    [
        TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];

    private readonly ILogger _log;
    private readonly bool _strict;
    private IReadOnlyList<TlsSource> _sources;
    private string _stamp;
    private volatile Loaded[] _loaded;
    private ITimer? _watch;

    private sealed record Loaded(X509Certificate2 Leaf, IReadOnlyList<string> Names, SslServerAuthenticationOptions Options);

    /// <param name="strictCiphers">A list of suites of our own instead of the platform's. Sessions then do not resume and each connection
    /// costs more memory: the platform shares nothing between connections with such a list (docs/decisions/0009).</param>
    /// <exception cref="CryptographicException">A certificate or key cannot be read or they do not fit.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public TlsCertificates(IReadOnlyList<TlsSource> sources, ILogger? log = null, bool strictCiphers = false)
    {
        _log = log ?? NullLogger.Instance;
        _strict = strictCiphers && !OperatingSystem.IsWindows() && !OperatingSystem.IsMacOS();
        _sources = sources;
        _stamp = StampOf(sources);
        _loaded = LoadAll(sources);
        NetMeters.Shown(this);
    }

    /// <summary>TLS-ALPN-01: looked at before a handshake on an implicit TLS listener; null when there is no ACME.</summary>
    public TlsAlpnChallenges? Challenges { get; set; }

    /// <summary>The default certificate.</summary>
    public X509Certificate2 Default => _loaded[0].Leaf;

    /// <summary>The certificates in use, for pages and metrics.</summary>
    public IReadOnlyList<X509Certificate2> All => [.. _loaded.Select(l => l.Leaf)];

    /// <summary>Looks for changed sources every <paramref name="every"/> and reloads.</summary>
    public void Watch(TimeProvider clock, TimeSpan every) =>
        _watch ??= clock.CreateTimer(static c => ((TlsCertificates)c!).ReloadIfChanged(), this, every, every);

    /// <summary>Other sources from now on. False when they cannot be read: the old ones stay, and the log says why.</summary>
    public bool Replace(IReadOnlyList<TlsSource> sources)
    {
        lock (_gate)
        {
            var stamp = StampOf(sources);
            if (!TryLoad(sources)) return false;
            (_sources, _stamp) = (sources, stamp);
            return true;
        }
    }

    /// <summary>Reads the sources again if they look changed. False when that failed; it is tried again at the next change
    /// or look.</summary>
    public bool ReloadIfChanged()
    {
        lock (_gate)
        {
            var stamp = StampOf(_sources);
            if (stamp == _stamp) return true;
            if (!TryLoad(_sources)) return false;
            _stamp = stamp;
            return true;
        }
    }

    /// <summary>The certificate that a peer sees who asks for <paramref name="serverName"/>.</summary>
    public X509Certificate2 For(string serverName) => LoadedFor(serverName).Leaf;

    /// <summary>The same with what is sent above it, nearest first.</summary>
    public IReadOnlyList<X509Certificate2> ChainFor(string serverName) => LoadedFor(serverName) is var loaded
        && loaded.Options.ServerCertificateContext is { } context ? [loaded.Leaf, .. context.IntermediateCertificates] : [loaded.Leaf];

    /// <summary>The options for a peer that asked for <paramref name="serverName"/>, or for nobody.</summary>
    public SslServerAuthenticationOptions OptionsFor(string? serverName) => LoadedFor(serverName).Options;

    private Loaded LoadedFor(string? serverName)
    {
        var loaded = _loaded;
        if (loaded.Length == 1 || string.IsNullOrEmpty(serverName)) return loaded[0];
        return Array.Find(loaded, l => l.Names.Contains(serverName, StringComparer.OrdinalIgnoreCase))
            ?? Array.Find(loaded, l => l.Leaf.MatchesHostname(serverName, allowWildcards: true, allowCommonName: false))
            ?? loaded[0];
    }

    public void Dispose()
    {
        _watch?.Dispose();
        NetMeters.NotShown(this);
    }

    /// <summary>
    /// TLS over two pipes, from the first octet, for listeners that are no <see cref="WireHost"/>. Null when there is no connection to go
    /// on with: the peer was an authority with a challenge, or the handshake failed or took too long.
    /// </summary>
    public async Task<SslStream?> AcceptAsync(
        ListenerKind kind, PipeReader input, PipeWriter output, TimeProvider clock, CancellationToken cancel)
    {
#pragma warning disable CA2000 // the pipes are the caller's
        var below = new PipeStream(input, output);
#pragma warning restore CA2000
        if (Challenges is { IsPending: true } challenges && await challenges.TryAnswerAsync(input, () => below, clock, cancel)) return null;
        using var deadline = new CancellationTokenSource(WireConnection.HandshakePatience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        var ssl = new SslStream(below, leaveInnerStreamOpen: true);
        try
        {
            await HandshakeAsync(ssl, either.Token);
            return ssl;
        }
        catch (Exception e) when (
            e is AuthenticationException or IOException or OperationCanceledException or InvalidOperationException or NotSupportedException)
        {
            NetMeters.TlsFailed(kind, deadline.IsCancellationRequested ? "timeout" : "handshake");
            await ssl.DisposeAsync();
            return null;
        }
    }

    internal Task HandshakeAsync(SslStream ssl, CancellationToken cancel) => _loaded.Length == 1
        ? ssl.AuthenticateAsServerAsync(_loaded[0].Options, cancel)
        : ssl.AuthenticateAsServerAsync(
            static (_, hello, state, _) => new(((TlsCertificates)state!).OptionsFor(hello.ServerName)), this, cancel);

    private bool TryLoad(IReadOnlyList<TlsSource> sources)
    {
        try
        {
            _loaded = LoadAll(sources);
            _log.CertificatesLoaded(string.Join(", ", sources.Select(s => s.Name)), Default.NotAfter.ToUniversalTime());
            return true;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            _log.CertificatesKept(e.Message);
            return false;
        }
    }

    private static string StampOf(IReadOnlyList<TlsSource> sources) => string.Join('\n', sources.Select(s => s.Stamp()));

    private Loaded[] LoadAll(IReadOnlyList<TlsSource> sources)
    {
        if (sources.Count == 0) throw new ArgumentException("no certificate is named");
        return [.. sources.Select(Load)];
    }

    private Loaded Load(TlsSource source)
    {
        var (certificates, key) = source.Read();
        X509Certificate2 leaf;
        var chain = new X509Certificate2Collection();
        try
        {
            leaf = X509Certificate2.CreateFromPem(certificates, key);
            chain.ImportFromPem(certificates);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CryptographicException($"{source.Name}: {e.Message}", e);
        }
        chain.RemoveAt(0);
        return new Loaded(leaf, NamesOf(leaf), new SslServerAuthenticationOptions
        {
            // offline: a handshake never waits for a download of somebody's intermediate or OCSP answer.
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowTlsResume = true,
            AllowRenegotiation = false,
            ClientCertificateRequired = false,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
#pragma warning disable CA1416 // Asked in the constructor.
            CipherSuitesPolicy = _strict ? new CipherSuitesPolicy(StrictSuites) : null,
#pragma warning restore CA1416
        });
    }

    /// <summary>The DNS names in a certificate.</summary>
    public static IReadOnlyList<string> NamesOf(X509Certificate2 leaf) =>
        [.. leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames())];
}
