using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>What became of a token.</summary>
/// <param name="Account">Whose it is; null when it lets nobody in.</param>
/// <param name="Status">RFC 6750 §3.1 word when it does not; empty when the provider cannot be asked.</param>
internal readonly record struct TokenVerdict(AccountId? Account, string Status, string Problem)
{
    public static TokenVerdict No(string problem) => new(null, "invalid_token", problem);
}

/// <summary>
/// Logins by token of an OpenID provider. A token counts when its signature is the provider's (or the provider says so), it is for us, its
/// time is now, and the claim that names the account names one that is active.
/// </summary>
public sealed class TokenLogins(TokenOptions options, AccountBook book) : IDisposable
{
    private const int MostRemembered = 1_000;
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private readonly OpenIdProvider _provider = new(options, book.Clock, book.Log);
    private readonly ConcurrentDictionary<string, (TokenClaims Claims, long At)> _introspected = new(StringComparer.Ordinal);

    public TokenOptions Options => options;

    /// <summary>Signing in at the provider with a browser; null: it is not offered.</summary>
    public OpenIdSignIn? SignIn => options.SignIn is { } client ? new(client, this, _provider) : null;

    public TokenOffer Offer { get; } = new(options.Discovery, string.Join(' ', options.Scopes), options.TokenLimit);

    /// <param name="user">The name the client gave; empty: none.</param>
    internal async ValueTask<TokenVerdict> CheckAsync(string user, string token, CancellationToken cancel)
    {
        var (claims, verdict) = options.Introspection is null ? await ReadAsync(token, cancel) : await AskAsync(token, cancel);
        if (claims is null) return verdict;
        if (Problem(claims) is { } problem) return TokenVerdict.No(problem);
        if (!HasScopes(claims)) return new(null, "insufficient_scope", $"it lacks a scope of `{Offer.Scope}`");
        return Account(user, claims);
    }

    public void Dispose() => _provider.Dispose();

    private async ValueTask<(TokenClaims? Claims, TokenVerdict Verdict)> ReadAsync(string text, CancellationToken cancel)
    {
        if (JsonWebToken.Parse(text, TokenType.Access, out var problem) is not { } token) return (null, TokenVerdict.No(problem));
        return await _provider.VerifyAsync(token, cancel) switch
        {
            null => (null, new(null, "", "the provider's keys cannot be had")),
            false => (null, TokenVerdict.No("no key of the provider made its signature")),
            true => (token.Claims, default),
        };
    }

    private async ValueTask<(TokenClaims? Claims, TokenVerdict Verdict)> AskAsync(string token, CancellationToken cancel)
    {
        // A mail program opens several connections at once with one token.
        var key = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_introspected.TryGetValue(key, out var known) && book.Clock.GetElapsedTime(known.At) < Remembered) return (known.Claims, default);
        if (await _provider.IntrospectAsync(token, cancel) is not { } claims) return (null, new(null, "", "the provider cannot be asked"));
        if (claims.Truth("active") != true) return (null, TokenVerdict.No("the provider says it is not active"));
        if (_introspected.Count >= MostRemembered) _introspected.Clear();
        _introspected[key] = (claims, book.Clock.GetTimestamp());
        return (claims, default);
    }

    // RFC 7519 §4.1 and RFC 8725 §3.8, §3.9. Of an introspected token the provider may leave iss, aud and exp out (RFC 7662 §2.2).
    private string? Problem(TokenClaims claims)
    {
        var asked = options.Introspection is not null;
        if (!(asked && !claims.Has("iss")) && claims.Text("iss") != options.Issuer) return "it is of another issuer";
        if (!IsForUs(claims)) return claims.Has("aud") || !asked ? "it is for another audience" : "it does not say for whom it is (neither aud nor one of our scopes)";
        return TimeProblem(claims, mustExpire: !asked);
    }

    /// <summary>RFC 7519 §4.1.4 to §4.1.6.</summary>
    internal string? TimeProblem(TokenClaims claims, bool mustExpire)
    {
        var (now, skew) = (book.Clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0, options.Skew.TotalSeconds);
        if (mustExpire && claims.Number("exp") is null) return "it never expires";
        if (claims.Has("exp") && !(now < claims.Number("exp") + skew)) return "it has expired";
        if (claims.Has("nbf") && !(now >= claims.Number("nbf") - skew)) return "its time has not come";
        return claims.Has("iat") && !(now >= claims.Number("iat") - skew) ? "it was made in the future" : null;
    }

    // Where the provider leaves aud out, a scope that is ours or the client it was given to must say that it is not for another service.
    private bool IsForUs(TokenClaims claims) => options.Introspection is null || claims.Has("aud")
        ? claims.Texts("aud").Intersect(options.Audiences, StringComparer.Ordinal).Any()
        : options.Scopes.Count > 0 || options.Audiences.Contains(claims.Text("client_id"));

    // RFC 8693 §4.2: "scope", space separated; some providers say "scp", as text or list.
    private bool HasScopes(TokenClaims claims)
    {
        if (options.Scopes.Count == 0) return true;
        var has = claims.Texts("scope").Concat(claims.Texts("scp")).SelectMany(s => s.Split(' ')).ToHashSet(StringComparer.Ordinal);
        return options.Scopes.All(has.Contains);
    }

    /// <summary>Whose the claims say it is.</summary>
    internal TokenVerdict Account(string user, TokenClaims claims)
    {
        if (claims.Text(options.AccountClaim) is not { Length: > 0 and <= 320 } name) return TokenVerdict.No($"it has no claim {options.AccountClaim}");
        // OpenID Connect Core §5.7: an address that nobody verified names nobody, nor does one of which it is not said.
        if (options.AccountClaim == "email" && claims.Truth("email_verified") != true && claims.Text("email_verified") != "true")
            return TokenVerdict.No("it does not say that its mail address is verified (email_verified)");
        if (!name.Contains('@') && options.AccountDomain is { } domain) name = $"{name}@{domain}";
        if (book.Table.FindAccount(name) is not { } account || book.Table.IsSuspended(account)) return TokenVerdict.No("its account is not here or suspended");
        // RFC 7628 §3.1: who the client says it is must be who the token says.
        if (user.Length > 0 && book.Table.FindAccount(user) != account) return TokenVerdict.No("it is another user's");
        return new(account, "", "");
    }
}
