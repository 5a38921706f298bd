using Aviso.Accounts;
using Aviso.Dns;
using Aviso.Guard;
using Aviso.Jmap;
using Aviso.Settings;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Web;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>JMAP, and who may come in to it over HTTP.</summary>
internal sealed class JmapPart(JmapServer jmap) : IPart
{
    private const string UploadFolder = "uploads";

    public string Name => "jmap";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (logins, authenticator, book) = (site.The<GuardedLogin>(), site.The<Authenticator>(), site.The<AccountBook>());
        var header = new HeaderLogin(
            logins, site.The<GuardPart>().Changes, account => authenticator.IsTwoStep(new AccountId(account)), site.Ids, site.Clock);
        site.Put(new WebLogins([header, new CookieLogin(new(site.The<WebSessions>()), book)], () => logins.Tokens is not null));
        var limits = LimitsMapping.Smtp(settings);
        var dial = new GuardedDial(site.The<IResolver>(), site.The<OutboundPart>().MayDial);
        var services = new JmapServices(
            site.The<SqliteMailStore>(), Path.Combine(settings.Data, UploadFolder), site.The<IMailReceiver>(), site.Ids,
            site.Clock, site.Log("Jmap"))
        {
            Scripts = new(
                site.The<SieveScripts>(), site.The<VacationReplies>(), SieveMapping.Sieve(settings), settings.Sieve.Redirects,
                SieveMapping.ManageSieve(settings).Implementation),
            HostName = settings.HostName,
            Reader = site.Reader,
            MaySendAs = (user, address) => MaySendAs(book, user, address),
            AddressOf = account => book.Table.AddressOf(account),
            Connect = settings.Outbound.Capture is null ? dial.ConnectAsync : null,
            Contact = $"mailto:postmaster@{settings.HostName}",
            MaxRecipients = limits.Recipients,
            MaxMessageSize = limits.MessageSize > 0 ? limits.MessageSize : long.MaxValue,
        };
        var jmap = site.Put(await JmapServer.OpenAsync(services, new JmapLimits(), cancel));
        book.CredentialChanged += account => _ = EndPushesAsync(jmap, account, services.Log);
        return new JmapPart(jmap);
    }

    public ValueTask DisposeAsync() => jmap.DisposeAsync();

    private static async Task EndPushesAsync(JmapServer jmap, AccountId account, ILogger log)
    {
        try
        {
            await jmap.CredentialsChangedAsync(account, CancellationToken.None);
        }
        catch (Exception e)
        {
            log.PushesNotEnded(e, account.ToString());
        }
    }

    // "*@example.org" of an identity is every address there: one that nobody has written down must be allowed.
    private static bool MaySendAs(AccountBook book, JmapUser user, string address)
    {
        var asked = address.StartsWith("*@", StringComparison.Ordinal) ? Guid.NewGuid().ToString("N") + address[1..] : address;
        return book.Grants.MaySendAs(user.Account, asked)
            && (user.Scope.SendAs.Count == 0 || SendAsGrants.Covers(user.Scope.SendAs, asked));
    }
}
