using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>
/// OAUTHBEARER (RFC 7628) and XOAUTH2, which is the same with another envelope. A refused token is first answered with a JSON text that
/// says why (§3.2.2); the client acknowledges it and the exchange fails.
/// </summary>
internal sealed class BearerServer(IAuthenticator authenticator, LoginAttempt attempt, TokenOffer offer, bool standard)
    : SaslServer(authenticator, attempt)
{
    public const string OAuthBearer = "OAUTHBEARER";
    public const string XOAuth2 = "XOAUTH2";

    // Beside the token: names, keys, separators.
    private const int Envelope = 1024;

    private bool _told;

    public override async ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response, CancellationToken cancel = default)
    {
        // §3.2.3: the client sends one kvsep (XOAUTH2: nothing). Whatever it sends, it is not let in.
        if (_told) return Rejected("the token was refused");
        if (response.Length > offer.TokenLimit + Envelope) return Malformed("longer than any token here");
        if (!TryRead(response.Span, out var user, out var token)) return Malformed("not a bearer message");
        if (token.Length > offer.TokenLimit) return Malformed("longer than any token here");
        User = user.Length == 0 ? null : SaslPrep.Prepare(user);
        if (user.Length > 0 && User is null) return Malformed("a name that holds what it must not");
        if (await Authenticator.CheckTokenAsync(Attempt, User ?? "", token, cancel) is { } principal) return new SaslStep.Success(principal, default);
        // Nobody could look at it: a client that is told "invalid_token" would throw a good token away.
        if (Attempt.Notes.Advice is { Kind: LoginAdviceKind.Unavailable }) return Rejected("the provider cannot be asked");
        _told = true;
        return new SaslStep.Challenge(Error(Attempt.Notes.TokenStatus));
    }

    private bool TryRead(ReadOnlySpan<byte> octets, out string user, out string token)
    {
        var message = new BearerMessage(octets);
        var read = standard ? message.TryOAuthBearer() : message.TryXOAuth2();
        (user, token) = (message.User, message.Token);
        return read;
    }

    private byte[] Error(string status)
    {
        var error = new JsonObject { ["status"] = standard ? status : status == "insufficient_scope" ? "403" : "401" };
        if (!standard) error["schemes"] = "bearer";
        if (offer.Scope.Length > 0) error["scope"] = offer.Scope;
        if (offer.Discovery.Length > 0 && standard) error["openid-configuration"] = offer.Discovery;
        return System.Text.Encoding.UTF8.GetBytes(error.ToJsonString());
    }
}
