using Aviso.Accounts;
using Aviso.Guard;
using Aviso.Server;

namespace Aviso.Web;

/// <summary>What people ask with a browser beside JMAP: signing in, and the settings of their own account (docs/web-api.md).</summary>
internal static class BrowserPages
{
    public static IReadOnlyList<WebRow> Rows(Site site)
    {
        var (book, sessions, passkeys) = (site.The<AccountBook>(), site.The<WebSessions>(), site.The<Passkeys>());
        var (authenticator, history, factors) = (site.The<Authenticator>(), site.The<SignInHistory>(), site.The<SecondFactorService>());
        var login = new BrowserLogin(site.The<GuardedLogin>(), authenticator, book, sessions, history, site.Ids);
        var (pages, owner) = (new PageRows(new(sessions)), new OwnerCheck(login));
        return
        [
            .. new SignInPages(pages, login, sessions, book, Provider).Rows,
            .. new DevicePages(pages, sessions, history).Rows,
            .. new PasskeyPages(pages, login, passkeys).Rows,
            .. new OpenIdPages(pages, login, Provider).Rows,
            .. new AccountPages(pages, login, owner, site.The<AccountService>(), factors, book).Rows,
            .. new AppPasswordPages(pages, site.The<AppPasswordService>(), book).Rows,
            .. new OwnTracePages(pages, site.The<TraceDesk>(), book, site.Clock).Rows,
            .. new TotpPages(pages, login, owner, factors, book).Rows,
            .. new OwnPasskeyPages(pages, passkeys, book).Rows,
        ];

        OpenIdSignIn? Provider() => authenticator.TokenLogins?.SignIn;
    }
}
