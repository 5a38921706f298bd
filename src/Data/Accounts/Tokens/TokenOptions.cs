using System.Net.Security;

namespace Aviso.Accounts;

/// <summary>Which tokens let people in.</summary>
public sealed record TokenOptions
{
    /// <summary>The provider, exactly as it names itself in `iss`; below it the discovery document.</summary>
    public required string Issuer { get; init; }

    /// <summary>A token must be for one of these. Never empty: a token of the same provider for another service is no login here.</summary>
    public required IReadOnlyList<string> Audiences { get; init; }

    /// <summary>A token must have all of these.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>The claim that names the account.</summary>
    public string AccountClaim { get; init; } = "email";

    /// <summary>Put behind a claim that is no whole address; null: then it names nobody.</summary>
    public string? AccountDomain { get; init; }

    /// <summary>Ask the provider about every token (RFC 7662) instead of checking its signature; null: check.</summary>
    public IntrospectionOptions? Introspection { get; init; }

    /// <summary>As which client browsers are sent to the provider to sign in; null: they are not.</summary>
    public OpenIdClient? SignIn { get; init; }

    public TimeSpan Skew { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the provider may take to answer: somebody waits at a login.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    public int TokenLimit { get; init; } = 8 * 1024;

    /// <summary>For a provider with an authority of one's own; null: the system's.</summary>
    public RemoteCertificateValidationCallback? Verify { get; init; }

    public string Discovery => Issuer.TrimEnd('/') + "/.well-known/openid-configuration";
}

/// <param name="Endpoint">Null: as the discovery document says.</param>
public sealed record IntrospectionOptions(string ClientId, string ClientSecret, string? Endpoint = null)
{
    public override string ToString() => ClientId;
}

/// <summary>This server as a client of the provider (OpenID Connect Core 1.0 §3.1).</summary>
/// <param name="Secret">Null: a public client; PKCE protects the code either way.</param>
/// <param name="Scopes">What is asked for; "openid" among them.</param>
/// <param name="Label">What the sign-in page calls the provider.</param>
public sealed record OpenIdClient(string Id, string? Secret, IReadOnlyList<string> Scopes, string Label)
{
    public override string ToString() => Id;
}
