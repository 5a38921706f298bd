using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Aviso.Accounts;

/// <summary>
/// What we ask an OpenID provider: its discovery document (OpenID Connect Discovery 1.0 §4), its keys, and about a token (RFC 7662). Keys
/// are asked for again after an hour, and once in <see cref="AskAgain"/> at most when a token names one that is not known. While the
/// provider is away the last keys stay for a day; then only logins by token fail.
/// </summary>
internal sealed class OpenIdProvider(TokenOptions options, TimeProvider clock, ILogger log) : IDisposable
{
    public static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(30);
    private const int MaxAnswer = 256 << 10;
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(1);
    private static readonly TimeSpan Usable = TimeSpan.FromDays(1);

    private readonly HttpClient _http = new(Handler(options)) { Timeout = options.Patience, MaxResponseContentBufferSize = MaxAnswer };
    private readonly SemaphoreSlim _one = new(1);
    private volatile Known? _known;
    private long _asked;
    private bool _hasAsked;
    private volatile bool _isAway;

    /// <summary>Keys, and where to ask about tokens.</summary>
    private sealed record Known(JsonWebKeys Keys, string Introspection, long Since)
    {
        public SignInPlaces? SignIn { get; init; }
    }

    /// <summary>Is the signature by a key of the provider? Null: its keys cannot be had.</summary>
    public async ValueTask<bool?> VerifyAsync(JsonWebToken token, CancellationToken cancel)
    {
        var known = _known;
        if (known is null || Age(known) > Fresh || !known.Keys.HasFor(token)) known = await RefreshAsync(known, cancel);
        return known is null ? null : known.Keys.Verify(token);
    }

    /// <summary>Where browsers sign in; null: it cannot be had.</summary>
    public async ValueTask<SignInPlaces?> PlacesAsync(CancellationToken cancel)
    {
        var known = _known;
        if (known is null || Age(known) > Fresh) known = await RefreshAsync(known, cancel);
        return known?.SignIn;
    }

    /// <summary>RFC 6749 §4.1.3: the provider's answer to a code, a refusal too. Null: it cannot be asked.</summary>
    public async ValueTask<TokenClaims?> RedeemAsync(SignInPlaces places, HttpContent form, string? basic, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, places.Token) { Content = form };
        if (basic is not null) request.Headers.Authorization = new("Basic", basic);
        if (await SendAsync(request, cancel, takesRefusal: true) is not { } answer) return null;
        if (TokenClaims.Parse(answer) is not { } claims) return Away<TokenClaims>($"{places.Token} does not answer with a JSON object");
        Back();
        return claims;
    }

    /// <summary>RFC 6749 §2.3.1: both in form encoding, then as Basic does.</summary>
    public static string Basic(string id, string secret) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(id)}:{Uri.EscapeDataString(secret)}"));

    /// <summary>RFC 7662 §2: what the provider knows of a token. Null: it cannot be asked.</summary>
    public async ValueTask<TokenClaims?> IntrospectAsync(string token, CancellationToken cancel)
    {
        var introspection = options.Introspection!;
        var endpoint = introspection.Endpoint;
        if (endpoint is null)
        {
            var known = _known;
            if (known is null || Age(known) > Fresh) known = await RefreshAsync(known, cancel);
            endpoint = known?.Introspection;
        }
        if (endpoint is null) return null;
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint)
        {
            Content = new FormUrlEncodedContent([new("token", token), new("token_type_hint", "access_token")]),
        };
        request.Headers.Authorization = new("Basic", Basic(introspection.ClientId, introspection.ClientSecret));
        if (await SendAsync(request, cancel) is not { } answer) return null;
        if (TokenClaims.Parse(answer) is not { } claims) return Away<TokenClaims>($"{endpoint} does not answer with a JSON object");
        Back();
        return claims;
    }

    public void Dispose()
    {
        _http.Dispose();
        _known?.Keys.Dispose();
        _one.Dispose();
    }

    private TimeSpan Age(Known known) => clock.GetElapsedTime(known.Since);

    // Keys that are replaced are not disposed: a login beside this one may be using them.
    private async ValueTask<Known?> RefreshAsync(Known? before, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (!ReferenceEquals(_known, before)) return _known;
            if (!_hasAsked || clock.GetElapsedTime(_asked) >= AskAgain)
            {
                (_asked, _hasAsked) = (clock.GetTimestamp(), true);
                if (await ReadAsync(cancel) is { } read)
                {
                    _known = read;
                    Back();
                    return read;
                }
            }
            return before is not null && Age(before) < Usable ? before : null;
        }
        finally
        {
            _one.Release();
        }
    }

    private async ValueTask<Known?> ReadAsync(CancellationToken cancel)
    {
        if (await GetAsync(options.Discovery, cancel) is not { } octets) return null;
        if (TokenClaims.Parse(octets) is not { } found) return Away<Known>($"{options.Discovery} is no JSON object");
        // Discovery §4.3: it must be exactly the issuer that was asked.
        if (found.Text("issuer") != options.Issuer) return Away<Known>(
            $"{options.Discovery} names the issuer {Shown(found.Text("issuer"))}; set `oauth.issuer` to exactly that");
        var introspection = found.Text("introspection_endpoint") ?? "";
        if (options.Introspection is { Endpoint: null } && !IsAsked(introspection)) return Away<Known>($"{options.Discovery} names no introspection_endpoint");
        SignInPlaces? places = null;
        if (options.SignIn is not null && (places = SignInPlaces.Of(found, IsAsked)) is null) return Away<Known>(
            $"{options.Discovery} names no authorization_endpoint and token_endpoint over TLS");
        if (options.Introspection is not null && places is null) return new(JsonWebKeys.None(), introspection, clock.GetTimestamp());
        if (found.Text("jwks_uri") is not { } keys || !IsAsked(keys)) return Away<Known>($"{options.Discovery} names no jwks_uri over TLS");
        if (await GetAsync(keys, cancel) is not { } set) return null;
#pragma warning disable CA2000 // who knows them disposes them
        return JsonWebKeys.Parse(set, out var problem) is { } parsed
            ? new(parsed, introspection, clock.GetTimestamp()) { SignIn = places } : Away<Known>($"{keys} {problem}");
#pragma warning restore CA2000
    }

    // What the provider names is dialled as it is itself: in the clear only on this machine.
    private static bool IsAsked(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    private async ValueTask<byte[]?> GetAsync(string url, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        return await SendAsync(request, cancel);
    }

    /// <param name="takesRefusal">What the provider says with a 400 is an answer too.</param>
    private async ValueTask<byte[]?> SendAsync(HttpRequestMessage request, CancellationToken cancel, bool takesRefusal = false)
    {
        request.Headers.Accept.Add(new("application/json"));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Aviso", null));
        try
        {
            using var response = await _http.SendAsync(request, cancel);
            if (response.IsSuccessStatusCode || (takesRefusal && response.StatusCode == HttpStatusCode.BadRequest))
                return await response.Content.ReadAsByteArrayAsync(cancel);
            return Away<byte[]>($"{request.RequestUri} answers {(int)response.StatusCode}");
        }
        catch (HttpRequestException e)
        {
            return Away<byte[]>($"{request.RequestUri} cannot be reached: {(e.InnerException ?? e).Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Away<byte[]>($"{request.RequestUri} did not answer within {options.Patience.TotalSeconds:0} s");
        }
    }

    // Said once, until it is back.
    private T? Away<T>(string why) where T : class
    {
        AccountsMeters.ProviderFailed();
        if (!_isAway) log.ProviderAway(options.Issuer, why);
        _isAway = true;
        return null;
    }

    private void Back()
    {
        if (_isAway) log.ProviderBack(options.Issuer);
        _isAway = false;
    }

    private static string Shown(string? text) =>
        text is null ? "(none)" : new([.. text.Take(200).Select(c => char.IsControl(c) ? '?' : c)]);

    private static SocketsHttpHandler Handler(TokenOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = options.Patience,
            MaxResponseHeadersLength = 32,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (options.Verify is { } verify) handler.SslOptions.RemoteCertificateValidationCallback = verify;
        return handler;
    }
}
