using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Accounts;

/// <summary>Where a provider signs browsers in (OpenID Connect Discovery 1.0 §3).</summary>
/// <param name="PostsSecret">It takes the client's secret in the form only.</param>
internal sealed record SignInPlaces(string Authorization, string Token, bool PostsSecret)
{
    /// <summary>Null when the document does not name both.</summary>
    public static SignInPlaces? Of(TokenClaims discovery, Func<string, bool> isAsked)
    {
        if (discovery.Text("authorization_endpoint") is not { } authorization || !isAsked(authorization)) return null;
        if (discovery.Text("token_endpoint") is not { } token || !isAsked(token)) return null;
        // Left out it means client_secret_basic.
        var methods = discovery.Texts("token_endpoint_auth_methods_supported");
        var posts = methods.Contains("client_secret_post", StringComparer.Ordinal)
            && !methods.Contains("client_secret_basic", StringComparer.Ordinal);
        return new(authorization, token, posts);
    }
}

/// <summary>What a browser takes along when it goes to the provider, and must bring back.</summary>
/// <param name="State">Comes back with the code: it is this browser that began (RFC 6749 §10.12).</param>
/// <param name="Nonce">Comes back inside the token: the token was made for this try.</param>
/// <param name="Verifier">Of the code's challenge (RFC 7636): whoever steals the code cannot use it.</param>
public sealed record OpenIdTry(string State, string Nonce, string Verifier)
{
    public static OpenIdTry New() => new(Random(), Random(), Random());

    // RFC 7636 §4.1: 32 octets in base64url are 43 characters, all of them allowed.
    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}

/// <summary>The authorization code flow (OpenID Connect Core 1.0 §3.1) with PKCE (RFC 7636), for browsers.</summary>
public sealed class OpenIdSignIn
{
    private const int LongestCode = 4096;

    private readonly OpenIdClient _client;
    private readonly TokenLogins _logins;
    private readonly OpenIdProvider _provider;

    internal OpenIdSignIn(OpenIdClient client, TokenLogins logins, OpenIdProvider provider) =>
        (_client, _logins, _provider) = (client, logins, provider);

    public string Label => _client.Label;

    /// <summary>The provider's own name, which it may say when it sends a browser back (RFC 9207).</summary>
    public string Issuer => _logins.Options.Issuer;

    /// <summary>Where to send the browser; null: the provider cannot be asked.</summary>
    /// <param name="redirect">Where the provider is to send it back; it must know this address.</param>
    public async ValueTask<string?> StartAsync(OpenIdTry tried, string redirect, CancellationToken cancel)
    {
        if (await _provider.PlacesAsync(cancel) is not { } places) return null;
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(tried.Verifier)));
        (string Name, string Value)[] query =
        [
            ("response_type", "code"), ("client_id", _client.Id), ("redirect_uri", redirect), ("scope", string.Join(' ', _client.Scopes)),
            ("state", tried.State), ("nonce", tried.Nonce), ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ];
        // RFC 6749 §3.1: the endpoint may have a query of its own, which stays.
        return places.Authorization + (places.Authorization.Contains('?') ? '&' : '?')
            + string.Join('&', query.Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value)}"));
    }

    /// <summary>Whose the code is that the provider gave the browser.</summary>
    internal async ValueTask<TokenVerdict> FinishAsync(OpenIdTry tried, string code, string redirect, CancellationToken cancel)
    {
        if (code.Length is 0 or > LongestCode) return TokenVerdict.No("there is no code");
        if (await _provider.PlacesAsync(cancel) is not { } places) return Away;
        using var form = Form(tried, code, redirect, places);
        var basic = _client.Secret is { } secret && !places.PostsSecret ? OpenIdProvider.Basic(_client.Id, secret) : null;
        if (await _provider.RedeemAsync(places, form, basic, cancel) is not { } answer) return Away;
        if (answer.Text("error") is { } error) return TokenVerdict.No($"the provider refuses the code ({Shown(error)})");
        if (answer.Text("id_token") is not { } text)
            return TokenVerdict.No("the provider gives no ID token: is `openid` among the scopes?");
        if (text.Length > _logins.Options.TokenLimit) return TokenVerdict.No("the ID token is too long");
        if (JsonWebToken.Parse(text, TokenType.Id, out var problem) is not { } token) return TokenVerdict.No(problem);
        return await _provider.VerifyAsync(token, cancel) switch
        {
            null => Away,
            false => TokenVerdict.No("no key of the provider made its signature"),
            true => Problem(token.Claims, tried) is { } wrong ? TokenVerdict.No(wrong) : _logins.Account("", token.Claims),
        };
    }

    private static TokenVerdict Away => new(null, "", "the provider cannot be asked");

    private FormUrlEncodedContent Form(OpenIdTry tried, string code, string redirect, SignInPlaces places)
    {
        List<KeyValuePair<string, string>> fields =
        [
            new("grant_type", "authorization_code"), new("code", code), new("redirect_uri", redirect), new("code_verifier", tried.Verifier),
        ];
        if (_client.Secret is null || places.PostsSecret) fields.Add(new("client_id", _client.Id));
        if (_client.Secret is { } secret && places.PostsSecret) fields.Add(new("client_secret", secret));
        return new(fields);
    }

    // OpenID Connect Core 1.0 §3.1.3.7, by its numbers.
    private string? Problem(TokenClaims claims, OpenIdTry tried)
    {
        // 2.
        if (claims.Text("iss") != Issuer) return "it is of another issuer";
        // 3. to 5.
        var audiences = claims.Texts("aud");
        if (!audiences.Contains(_client.Id, StringComparer.Ordinal)) return "it is for another client";
        if (claims.Has("azp") ? claims.Text("azp") != _client.Id : audiences.Count > 1) return "it was made for another client";
        // 9. and 10.
        if (_logins.TimeProblem(claims, mustExpire: true) is { } time) return time;
        // 11.
        return claims.Text("nonce") is { } nonce
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(nonce), Encoding.UTF8.GetBytes(tried.Nonce))
            ? null : "it was made for another try";
    }

    private static string Shown(string text) => new([.. text.Take(100).Where(c => !char.IsControl(c))]);
}
