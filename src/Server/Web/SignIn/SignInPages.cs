using Aviso.Accounts;
using Aviso.Base;
using Aviso.Jmap;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>Signing in with a password and its second step, who is signed in, and signing out: /session.</summary>
internal sealed class SignInPages(PageRows pages, BrowserLogin login, WebSessions sessions, AccountBook book, Func<OpenIdSignIn?> provider)
{
    public IReadOnlyList<WebRow> Rows =>
    [
        pages.Row("/session", WhoAsync, SignInAsync),
        pages.SignedIn("/session/end", post: SignOutAsync),
    ];

    private Task WhoAsync(PageCall call)
    {
        if (call.Session is not { } session)
        {
            var offer = new SignInOffer(Password: true, Passkey: PasskeyPages.PartyOf(call.Origin) is not null, provider()?.Label);
            return call.AnswerAsync(new SignedOut("signed-out", "nobody is signed in, or no longer", offer), SignInJson.Default.SignedOut,
                401);
        }
        if (session.Stays) SessionCookie.Give(call.Exchange, call.Origin, SessionCookie.Token(call.Exchange, call.Origin), stays: true);
        return SayAsync(call, session);
    }

    private async Task SignInAsync(PageCall call)
    {
        if (await call.ReadAsync(SignInJson.Default.PasswordSignIn) is not { } asked) return;
        try
        {
            var result = await login.ByPasswordAsync(call, asked.User, asked.Password, asked.SecondStep, asked.Stay);
            if (result.Session is { } session) await SayAsync(call, session);
            else await RefuseAsync(call, result.Why);
        }
        catch (LoginOverloadException)
        {
            await BusyAsync(call);
        }
    }

    private async Task SignOutAsync(PageCall call)
    {
        await sessions.EndAsync(call.Asks.Account, call.Asks.Id, call.Cancel);
        SessionCookie.Take(call.Exchange, call.Origin);
        await call.DoneAsync();
    }

    private Task SayAsync(PageCall call, WebSession session)
    {
        var address = book.Table.AddressOf(session.Account) ?? "";
        var name = MailAddress.TryParse(address, out var mail) ? mail.LocalPart : address;
        return call.AnswerAsync(
            new SignedIn(address, name, JmapPaths.WellKnown, session.Device, session.Stays, session.IsByAppPassword),
            SignInJson.Default.SignedIn);
    }

    /// <summary>Who did not prove the password hears nothing but that; who did hears what is missing.</summary>
    internal static Task RefuseAsync(PageCall call, LoginAdvice? why) => why switch
    {
        { Kind: LoginAdviceKind.SecondStepNeeded } => NeedsAsync(call, null, null),
        { Kind: LoginAdviceKind.SecondStepWrong, Text: var text } => NeedsAsync(call, "code", text),
        { Kind: LoginAdviceKind.Unavailable, Text: var text } => call.SayAsync(503, "unavailable", text),
        { Text: var text } => call.SayAsync(401, "app-password", text),
        null => call.SayAsync(401, "refused", "that was not right"),
    };

    internal static Task BusyAsync(PageCall call)
    {
        call.Exchange["Retry-After"] = "5";
        return call.SayAsync(503, "busy", "too many people sign in at this moment");
    }

    private static Task NeedsAsync(PageCall call, string? error, string? text) =>
        call.AnswerAsync(new PageNeeds("totp", error, text), SignInJson.Default.PageNeeds, 401);
}
