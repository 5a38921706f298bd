using Aviso.Accounts;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.Web;

/// <summary>What became of a try to sign in.</summary>
/// <param name="Session">Null: not signed in.</param>
/// <param name="Why">What the one who tried may be told; null: nothing but that it was not right.</param>
internal readonly record struct SignInResult(WebSession? Session, LoginAdvice? Why);

/// <summary>
/// Signs browsers in, each way behind the same guard, and writes every try into its account's history. Whoever proved who he is gets a
/// session and its cookie.
/// </summary>
internal sealed class BrowserLogin(
    GuardedLogin guard, Authenticator authenticator, AccountBook book, WebSessions sessions, SignInHistory history, IdSource ids)
{
    /// <param name="code">Of the second step; empty: none was given.</param>
    /// <exception cref="LoginOverloadException">Too many passwords wait to be derived.</exception>
    public async Task<SignInResult> ByPasswordAsync(PageCall call, string user, string password, string code, bool stays)
    {
        var (attempt, principal) = await ProveAsync(call, user, password, code);
        var how = attempt.Notes.ProvedBy.Length > 0 ? "app password" : code.Length > 0 ? "password and code" : "password";
        var facts = call.Facts(how, stays) with { AppPassword = attempt.Notes.ProvedBy };
        return await SettleAsync(call, attempt, facts, book.Table.FindAccount(user), principal);
    }

    /// <summary>Is it still its owner who sits there: asks for what signing in by password asks, and signs nobody in.</summary>
    /// <exception cref="LoginOverloadException">Too many passwords wait to be derived.</exception>
    public async Task<SignInResult> AgainAsync(PageCall call, string password, string code)
    {
        var session = call.Asks;
        var (attempt, principal) = await ProveAsync(call, book.Table.AddressOf(session.Account) ?? "", password, code);
        return principal is { Scope: null } ? new(session, null) : new(null, attempt.Notes.Advice);
    }

    public async Task<SignInResult> ByPasskeyAsync(PageCall call, Passkeys passkeys, RelyingParty party, PasskeyAnswer answer, bool stays)
    {
        var attempt = call.Attempt(Id(), "PASSKEY");
        var principal = await guard.ProveAsync(attempt, "", Convert.ToBase64String(answer.Signature),
            cancel => authenticator.CheckPasskeyAsync(attempt, passkeys, party, answer, cancel), call.Cancel);
        return await SettleAsync(call, attempt, call.Facts("passkey", stays), null, principal);
    }

    public async Task<SignInResult> ByOpenIdAsync(PageCall call, OpenIdSignIn provider, OpenIdTry tried, string code, string redirect,
        bool stays)
    {
        var attempt = call.Attempt(Id(), "OPENID");
        var principal = await guard.ProveAsync(attempt, "", code,
            cancel => authenticator.CheckOpenIdAsync(attempt, provider, tried, code, redirect, cancel), call.Cancel);
        return await SettleAsync(call, attempt, call.Facts("openid", stays), null, principal);
    }

    /// <summary>A new session in place of the one that asks, which has ended because its owner changed what it stood on.</summary>
    public async Task RenewAsync(PageCall call)
    {
        var old = call.Asks;
        await sessions.EndAsync(old.Account, old.Id, call.Cancel);
        await BeginAsync(call, old.Account, call.Facts(old.How, old.Stays));
    }

    private async Task<(LoginAttempt Attempt, Principal? Principal)> ProveAsync(PageCall call, string user, string password, string code)
    {
        var attempt = call.Attempt(Id(), "WEB", code);
        return (attempt, await guard.CheckPasswordAsync(attempt, user, password, call.Cancel));
    }

    /// <param name="tried">Whose account it was said to be; null: that was not said, or nobody has that name.</param>
    private async Task<SignInResult> SettleAsync(PageCall call, LoginAttempt attempt, SignInFacts facts, AccountId? tried,
        Principal? principal)
    {
        if (principal is not null && await BeginAsync(call, new(principal.Account), facts) is { } session)
        {
            history.Note(session.Account, facts, "");
            return new(session, null);
        }
        var advice = attempt.Notes.Advice;
        if (tried is { } account && advice is not { Kind: LoginAdviceKind.SecondStepNeeded or LoginAdviceKind.Unavailable })
            history.Note(account, facts, advice?.Text ?? "wrong password, or too many were wrong before");
        return new(null, advice);
    }

    private async Task<WebSession?> BeginAsync(PageCall call, AccountId account, SignInFacts facts)
    {
        if (await sessions.BeginAsync(account, facts, call.Cancel) is not var (session, token)) return null;
        // Nobody else is signed in with this browser any longer.
        if (call.Session is { } before) await sessions.EndAsync(before.Account, before.Id, call.Cancel);
        SessionCookie.Give(call.Exchange, call.Origin, token, facts.Stays);
        return session;
    }

    private string Id() => ids.Next().ToString("x", System.Globalization.CultureInfo.InvariantCulture);
}
