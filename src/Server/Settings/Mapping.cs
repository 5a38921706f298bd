using System.Buffers.Text;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Imap;
using Aviso.ManageSieve;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Sieve;
using Aviso.Smtp;

namespace Aviso.Server;

/// <summary>What the settings file says, in the words of each part.</summary>
internal static class Mapping
{
    public static AccountsDeclaration Accounts(ServerSettings settings) => new(
        settings.Postmaster,
        [.. settings.Domains.Select(d => new DeclaredDomain(d.Name, d.CatchAll, d.AliasOf, At(d, "name")))],
        [.. settings.Accounts.Select(a => new DeclaredAccount(
            a.Address, Secret(a), a.Quota, a.SendAs, a.ForwardTo, At(a, "address")))],
        [.. settings.Aliases.Where(a => !a.Trap).Select(a => new DeclaredAlias(a.Address, a.To, At(a, "address")))])
    {
        HostName = settings.Hostname,
        PostmasterSource = At(settings, "postmaster"),
        AccountsFrom = settings.AccountsFrom is { } accounts
            ? AccountList.ParseJson(accounts.Reveal(), $"accounts_from: {accounts}") : null,
        AliasesFrom = settings.AliasesFrom is { } aliases
            ? VirtualList.Parse(aliases.Reveal(), $"aliases_from: {aliases}") : null,
    };

    private static Source At(SettingsSection section, string key)
    {
        var place = section.PlaceOf(key);
        return new(place.File ?? "settings", place.Line, place.Column);
    }

    private static DeclaredSecret? Secret(AccountSection account) =>
        account.Hash is { } hash ? new(hash.Reveal(), IsHash: true)
        : account.Password is { } password ? new(password.Reveal(), IsHash: false) : null;

    public static IReadOnlyList<ListenerSettings> MailListeners(ServerSettings settings) =>
    [
        .. settings.Listeners.Where(IsMail).Select(l => new ListenerSettings(l.Kind, l.Address)
        {
            Proxy = l.Proxy,
            MaxConnections = settings.Limits.ConnectionsPerListener,
            MaxPerClient = settings.Limits.ConnectionsAtOnce,
        }),
    ];

    public static bool IsMail(ListenerSection listener) =>
        listener.NotYet is null && ListenerKinds.IsMail(listener.Kind);

    public static WireHostOptions Wire(ServerSettings settings) => new()
    {
        Proxies = new(settings.Networks.Proxies),
        Internal = new(settings.Networks.Internal),
        CleartextLogin = new(settings.Networks.CleartextLogin),
    };

    /// <summary>Sources of all certificates, the default first; none when no listener speaks TLS.</summary>
    /// <param name="acme">What has come by ACME so far.</param>
    public static IReadOnlyList<TlsSource> Certificates(ServerSettings settings, TimeProvider clock, IReadOnlyList<TlsSource> acme)
    {
        var sources = new List<TlsSource>(acme);
        var authority = new Lazy<LocalCertificateAuthority>(() => new(Path.Combine(settings.Data, "tls"), clock));
        if (settings.Tls.Certificate is { } certificate)
            sources.Add(TlsSource.Pem(certificate.ToString(), certificate.Reveal(), settings.Tls.Key!.Reveal()));
        // With ACME: something to listen with until the first certificate has come.
        if (settings.Tls.SelfSigned || (settings.Tls.HasAcme && acme.Count == 0))
            sources.Add(authority.Value.Leaf("server", [settings.Hostname, "localhost"], [System.Net.IPAddress.Loopback, System.Net.IPAddress.IPv6Loopback]));
        foreach (var more in settings.Tls.Additional)
            sources.Add(TlsSource.Pem(more.Certificate.ToString(), more.Certificate.Reveal(), more.Key.Reveal()));
        if (settings.Tls.InternalNames is { Count: > 0 } names)
        {
            var addresses = names.Select(n => System.Net.IPAddress.TryParse(n, out var ip) ? ip : null).OfType<System.Net.IPAddress>().ToList();
            sources.Add(authority.Value.Leaf("internal", [.. names.Where(n => !System.Net.IPAddress.TryParse(n, out _))], addresses));
        }
        return sources;
    }

    public static AcmeOptions Acme(ServerSettings settings, Dns.IResolver resolver, TimeProvider clock)
    {
        var acme = settings.Tls.Acme;
        return new()
        {
            Contact = acme.Contact.Length > 0 ? acme.Contact : settings.Postmaster,
            Authorities = acme.Authorities.Count == 0 ? [new(new Uri(acme.Directory))] : [.. acme.Authorities.Select(Authority)],
            Certificates = [.. AcmeChecks.Wanted(settings).Select(w => new WantedCertificate(w.Names, w.Method))],
            Dns = Publisher(acme.Dns, resolver, clock),
            DnsChecks = acme.Dns.Check,
            DnsPatience = acme.Dns.Patience,
        };
    }

    private static AcmeAuthority Authority(AuthoritySection authority) => new(new Uri(authority.Directory))
    {
        Binding = authority is { EabKeyId: { } id, EabKey: { } key } ? new(id, Base64Url.DecodeFromChars(key.Reveal())) : null,
        Trust = authority.Ca?.Reveal(),
    };

    private static IDnsPublisher? Publisher(AcmeDnsSection dns, Dns.IResolver resolver, TimeProvider clock) => dns.Provider switch
    {
        DnsProvider.Cloudflare => new CloudflarePublisher(dns.Token!.Reveal(), dns.Api is { } api ? new Uri(api.TrimEnd('/') + "/") : null),
        DnsProvider.Rfc2136 => new UpdatePublisher(dns.Server!, dns is { KeyName: { } name, Key: { } key }
            ? new Dns.TsigKey(name, dns.KeyAlgorithm, Convert.FromBase64String(key.Reveal())) : null, dns.Zone, resolver, clock),
        _ => null,
    };

    /// <summary>Null: nobody logs in by token.</summary>
    public static TokenOptions? Tokens(ServerSettings settings) => !settings.HasOAuth ? null : new()
    {
        Issuer = settings.OAuth.Issuer,
        Audiences = settings.OAuth.Audience,
        Scopes = settings.OAuth.Scopes,
        AccountClaim = settings.OAuth.AccountClaim,
        AccountDomain = settings.OAuth.AccountDomain,
        Introspection = settings.OAuth.Has("introspection")
            ? new(settings.OAuth.Introspection.ClientId, settings.OAuth.Introspection.ClientSecret.Reveal(), settings.OAuth.Introspection.Endpoint) : null,
        Skew = settings.OAuth.ClockSkew,
        Verify = settings.OAuth.Ca is { } ca ? TrustOnly(ca.Reveal()) : null,
    };

    public static SmtpServerOptions Smtp(ServerSettings settings) => new()
    {
        Hostname = settings.Hostname,
        MessageSize = settings.Limits.MessageSize,
        Recipients = settings.Limits.Recipients,
    };

    public static ImapOptions Imap(ServerSettings settings) => new()
    {
        HostName = settings.Hostname,
        MessageSizeLimit = settings.Limits.MessageSize,
        SessionsPerUserAndAddress = settings.Limits.ImapPerUserAndAddress,
    };

    public static ManageSieveOptions ManageSieve(ServerSettings settings) => new()
    {
        Implementation = "Aviso " + BuildInfo.Version,
        MaxRedirects = settings.Sieve.Redirects,
    };

    public static SieveOptions Sieve(ServerSettings settings) => new() { ScriptOctets = (int)settings.Sieve.ScriptSize };

    public static SieveScriptLimits Scripts(ServerSettings settings) => new()
    {
        Size = (int)settings.Sieve.ScriptSize,
        Count = settings.Sieve.Scripts,
        Octets = Math.Max(settings.Sieve.ScriptSize * 4, 4L << 20),
    };

    public static SieveStepOptions SieveStep(ServerSettings settings) => new()
    {
        HostName = settings.Hostname,
        Before = settings.Sieve.Before,
        After = settings.Sieve.After,
        GlobalFolder = settings.Sieve.Global,
        Budget = settings.Sieve.Budget,
        Compile = Sieve(settings),
        Limits = new() { Redirects = settings.Sieve.Redirects },
    };

    /// <summary>Null when nothing is published.</summary>
    public static StsPolicy? PublishedPolicy(ServerSettings settings) => !settings.MtaSts.Has("publish") ? null : new(
        settings.MtaSts.Publish,
        settings.MtaSts.Mx.Count > 0 ? [.. settings.MtaSts.Mx.Select(m => m.ToLowerInvariant())] : [settings.Hostname.ToLowerInvariant()],
        settings.MtaSts.MaxAge);

    public static ReceiveOptions Receive(ServerSettings settings) => new()
    {
        HostName = settings.Hostname,
        MaxSize = settings.Limits.MessageSize,
        OutsideMailbox = settings.Outbound.Capture,
    };

    public static SendingLimits Sending(ServerSettings settings) => new()
    {
        MessagesPerHour = settings.Sending.MessagesPerHour,
        MessagesPerDay = settings.Sending.MessagesPerDay,
        RecipientsPerHour = settings.Sending.RecipientsPerHour,
        RecipientsPerDay = settings.Sending.RecipientsPerDay,
        NewRecipients = settings.Sending.NewRecipients,
        Factor = settings.Sending.NewRecipientsFactor,
        Unlimited = settings.Sending.Unlimited.Select(a => a.ToLowerInvariant()).ToHashSet(),
    };

    public static QueueRunnerOptions Queue(ServerSettings settings) => new()
    {
        HostName = settings.Hostname,
        Relays = [.. settings.Relays.Select(Relay)],
        Schedule = new() { GiveUpAfter = settings.Outbound.GiveUpAfter, DelayNoticeAfter = settings.Outbound.NoticeAfter },
    };

    public static Router Routes(ServerSettings settings) => new(
    [
        .. settings.Routes.Select(r => new RouteSettings(
            r.To == "*" ? null : r.To, r.From == "*" ? null : r.From, r.Relay == RouteSection.Direct ? null : r.Relay)),
    ]);

    private static RelaySettings Relay(RelaySection relay) => new()
    {
        Name = relay.Name,
        Host = relay.Host,
        Port = relay.Port,
        Tls = relay.Tls switch
        {
            RelayTls.None => TlsDemand.None,
            RelayTls.Opportunistic => TlsDemand.Opportunistic,
            _ => TlsDemand.Verified,
        },
        ImplicitTls = relay.Tls == RelayTls.Implicit ? true : null,
        Username = relay.Username?.Reveal(),
        Password = relay.Password?.Reveal(),
        Quota = (int)Math.Min(relay.Quota?.Count ?? 0, int.MaxValue),
        QuotaSpan = relay.Quota?.Per ?? TimeSpan.FromDays(1),
        Reserve = relay is { Reserve: { } kept, Quota: { } quota } ? (double)kept / quota.Count : 0.1,
        Authorities = relay.Ca is { } ca ? Authorities(ca.Reveal()) : null,
    };

    private static X509Certificate2Collection Authorities(string pem)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(pem);
        return authorities;
    }

    /// <summary>Accepts a chain that ends in one of these authorities and names the host; nothing of the system's counts.</summary>
    private static RemoteCertificateValidationCallback TrustOnly(string pem)
    {
        var authorities = Authorities(pem);
        return (_, certificate, sent, errors) =>
        {
            if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return false;
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            if (sent is not null)
                foreach (var element in sent.ChainElements) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
            return chain.Build(new X509Certificate2(certificate));
        };
    }
}
