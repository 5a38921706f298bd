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

    public TimeSpan Skew { get; init; } = TimeSpan.FromMinutes(1);

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
