using Aviso.Net;

namespace Aviso.Tests.Unit.Net;

/// <summary>What the fakes of every protocol say of tokens: "good" is alice's, "narrow" lacks a scope, "away" finds the provider
/// away.</summary>
internal static class TestTokens
{
    public static readonly TokenOffer Offer = new("https://login.example.test/.well-known/openid-configuration", "mail", 8192);

    public static ValueTask<Principal?> CheckAsync(LoginAttempt attempt, string user, string token, long account)
    {
        if (token == "away") attempt.Notes.Advice = new(LoginAdviceKind.Unavailable, "Come again");
        if (token == "narrow") attempt.Notes.TokenStatus = "insufficient_scope";
        return new(token == "good" && (user is "" or "alice@example.test") ? new Principal(account, "alice@example.test") : null);
    }
}
