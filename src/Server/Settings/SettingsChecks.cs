using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Settings;

/// <summary>
/// What several keys must agree on. One method for each rule; each says what to do. What the lists of accounts and aliases hold is
/// compared by Accounts, which keeps an old list when a new one cannot be believed.
/// </summary>
internal static class SettingsChecks
{
    private const int MostLists = 30;

    private static readonly string[] HashSchemes = ["{BLF-CRYPT}", "{SHA512-CRYPT}", "{SHA256-CRYPT}", "{YESCRYPT}", "{CRYPT}", "{SCRAM-SHA-256}"];

    public static void Run(ServerSettings settings, Problems problems)
    {
        ListenersAreApart(settings, problems);
        ListenersHaveTls(settings, problems);
        TlsIsOneThing(settings.Tls, problems);
        if (settings.Tls.HasAcme) AcmeChecks.Run(settings, problems);
        if (settings.HasVault) VaultChecks.Run(settings.Vault, problems);
        PolicyIsServed(settings.MtaSts, settings, problems);
        NetworksAreNotEverybody(settings, problems);
        GuardChecks.Run(settings, problems);
        DomainsAreApart(settings, problems);
        AccountsAreWhole(settings, problems);
        AliasesAreClear(settings, problems);
        RelaysAreWhole(settings, problems);
        RoutesLeadSomewhere(settings, problems);
        CaptureIsLocal(settings, problems);
        PostmasterIsSomebody(settings, problems);
        SpamListsAreWhole(settings.Spam, problems);
        TrapsAreNobodys(settings, problems);
        if (settings.Spam.Antivirus.Timeout > TimeSpan.FromSeconds(10)) Say(problems, settings.Spam.Antivirus, "timeout", "must be at most 10s: a sender waits meanwhile");
        if (settings.Spam.GreylistFrom >= settings.Spam.AddHeader)
            Say(problems, settings.Spam, "greylist_from", "must be below `add_header`: mail to be marked is not deferred");
        if (settings.HasOAuth) ProviderIsReached(settings.OAuth, problems);
        if (settings.Spam.AddHeader >= settings.Spam.Reject)
            Say(problems, settings.Spam, settings.Spam.Has("reject") ? "reject" : "add_header", "must be above `add_header`: mail to be marked would be refused");
        if (settings.Outbound.NoticeAfter >= settings.Outbound.GiveUpAfter)
            Say(problems, settings.Outbound, settings.Outbound.Has("notice_after") ? "notice_after" : "give_up_after",
                "`notice_after` must be shorter than `give_up_after`");
    }

    private static void PolicyIsServed(MtaStsSection sts, ServerSettings settings, Problems problems)
    {
        if (sts.Publish != Delivery.StsMode.None && settings.Listeners.All(l => l.Kind is not (ListenerKind.Https or ListenerKind.Http)))
            Say(problems, sts, "publish", "the policy needs a listener: add `{ kind: https, address: \"[::]:443\" }`");
        if (sts.MaxAge < TimeSpan.FromHours(1) || sts.MaxAge > TimeSpan.FromDays(365))
            Say(problems, sts, "max_age", "must be from an hour to a year; others want a week or more (RFC 8461 section 3.2)");
        if (sts.Publish == Delivery.StsMode.Enforce && sts.Mx.Count > 0 && !Covered(sts.Mx, settings.Hostname))
            Say(problems, sts, "mx", $"does not name this server ({settings.Hostname}): others would send it no mail");
    }

    private static bool Covered(IReadOnlyList<string> mx, string host) => new Delivery.StsPolicy(Delivery.StsMode.Enforce, [.. mx.Select(m => m.ToLowerInvariant())], default).Covers(host);

    private static void ProviderIsReached(OAuthSection oauth, Problems problems)
    {
        if (oauth.Has("issuer") && !IsProviderUrl(oauth.Issuer)) Say(problems, oauth, "issuer", "must be an https URL without `?` and `#`, such as https://login.example.org/realms/mail");
        if (oauth.Has("audience") && oauth.Audience.Count == 0) Say(problems, oauth, "audience", "must name at least one audience: otherwise tokens for other services would open the mail");
        if (oauth.ClockSkew > TimeSpan.FromMinutes(5)) Say(problems, oauth, "clock_skew", "must be at most 5m");
        if (oauth.Introspection.Endpoint is { } endpoint && !IsProviderUrl(endpoint)) Say(problems, oauth.Introspection, "endpoint", "must be an https URL");
    }

    // In the clear only on this machine: the keys that come this way decide who is let in.
    private static bool IsProviderUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Query.Length + uri.Fragment.Length == 0
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    /// <summary>Paths are whole here. A script that cannot run is found now, not with the first message.</summary>
    public static void SieveScriptsRun(SieveSection sieve, Problems problems)
    {
        if (sieve.ScriptSize > 4L << 20) Say(problems, sieve, "script_size", "must be at most 4MB");
        if (sieve.Global is { } folder && !Directory.Exists(folder)) Say(problems, sieve, "global", $"there is no folder {folder}");
        foreach (var (key, paths) in new[] { ("before", sieve.Before), ("after", sieve.After) })
        {
            foreach (var path in paths)
            {
                if (WhyNoScript(path, sieve.ScriptSize) is { } why) Say(problems, sieve, key, $"{path}: {why}");
            }
        }
    }

    private static string? WhyNoScript(string path, long most)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true } file && file.Length > most) return "is larger than `script_size`";
            return Aviso.Sieve.SieveCompiler.Compile(File.ReadAllText(path)).Errors is [var first, ..] ? first.ToString() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "cannot be read: " + e.Message;
        }
    }

    internal static void Say(Problems problems, SettingsSection section, string key, string text) =>
        problems.Add(section.PlaceOf(key), section.PathOf(key), text);

    private static void SpamListsAreWhole(SpamSection spam, Problems problems)
    {
        foreach (var list in spam.Lists ?? [])
        {
            if (list.Zone.Length > 0 && list.ToList() is null)
                Say(problems, list, "zone", $"{list.Zone} is no list that came with the program: say what it is asked (`ask`) and what its answers mean (`codes`)");
        }
        if (spam.Lists is { Count: > MostLists }) Say(problems, spam, "lists", $"has more than {MostLists} lists");
    }

    private static void TrapsAreNobodys(ServerSettings settings, Problems problems)
    {
        for (var i = 0; i < settings.Spam.Traps.Count; i++)
        {
            var (trap, key) = (settings.Spam.Traps[i], $"traps[{i}]");
            if (!IsDeclared(settings, trap)) Say(problems, settings.Spam, key, NotDeclared(settings, trap));
            if (settings.Accounts.FirstOrDefault(a => a.Address.Equals(trap, StringComparison.OrdinalIgnoreCase)) is { } account)
                Say(problems, settings.Spam, key, $"{trap} is an account on line {account.PlaceOf("address").Line}: somebody has it");
            else if (settings.Aliases.FirstOrDefault(a => !a.Trap && a.Address.Equals(trap, StringComparison.OrdinalIgnoreCase)) is { } alias)
                Say(problems, settings.Spam, key, $"{trap} is an alias on line {alias.PlaceOf("address").Line}: its mail would go to somebody");
        }
    }

    private static void ListenersAreApart(ServerSettings settings, Problems problems)
    {
        if (settings.Has("listeners") && settings.Listeners.Count == 0)
            Say(problems, settings, "listeners", "is empty: the server would do nothing");
        var bound = new List<ListenerSection>();
        foreach (var listener in settings.Listeners.Where(l => l.Address.Port != 0))
        {
            if (bound.Find(other => Overlap(other.Address, listener.Address)) is { } first)
            {
                Say(problems, listener, "address", $"port {listener.Address.Port} is taken by the {Name(first)} listener on line "
                    + $"{first.PlaceOf("address").Line}{(first.Address.Address.Equals(listener.Address.Address) ? "" : "; [::] means every address, IPv4 as well")}");
            }
            bound.Add(listener);
        }
    }

    private static bool Overlap(IPEndPoint a, IPEndPoint b) =>
        a.Port == b.Port && (a.Address.Equals(b.Address) || a.Address.Equals(IPAddress.IPv6Any) || b.Address.Equals(IPAddress.IPv6Any)
            || (a.AddressFamily == b.AddressFamily && a.AddressFamily == AddressFamily.InterNetwork
                && (a.Address.Equals(IPAddress.Any) || b.Address.Equals(IPAddress.Any))));

    private static string Name(ListenerSection listener) => listener.Kind.ToString().ToLowerInvariant();

    private static void ListenersHaveTls(ServerSettings settings, Problems problems)
    {
        if (settings.Tls.IsConfigured || settings.Tls.Has("certificate")) return;
        foreach (var listener in settings.Listeners)
        {
            var login = listener.Kind is ListenerKind.Submission or ListenerKind.Imap or ListenerKind.Pop3 or ListenerKind.ManageSieve;
            if (!listener.IsImplicitTls && !(login && settings.Networks.CleartextLogin.Count == 0)) continue;
            Say(problems, listener, "kind", $"{Name(listener)} needs a certificate: give `tls: {{ certificate: file:..., key: file:... }}`"
                + " or, to try things out, `tls: { self_signed: true }`");
            return;
        }
    }

    private static void TlsIsOneThing(TlsSection tls, Problems problems)
    {
        if (tls.SelfSigned && (tls.Has("certificate") || tls.Has("key") || tls.Has("acme")))
            Say(problems, tls, "self_signed", "contradicts the certificate that is also given; leave one out");
        if (tls.Has("acme") && (tls.Has("certificate") || tls.Has("key")))
            Say(problems, tls, "acme", "contradicts the certificate that is also given; leave one out");
        if (tls.Has("certificate") && !tls.Has("key")) Say(problems, tls, "certificate", "needs its `key`");
        if (tls.Has("key") && !tls.Has("certificate")) Say(problems, tls, "key", "needs its `certificate`");
        if (tls is { Certificate: { } certificate, Key: { } key }) PairMatches(tls, certificate, key, problems);
        foreach (var more in tls.Additional.Where(m => m.Has("certificate") && m.Has("key"))) PairMatches(more, more.Certificate, more.Key, problems);
    }

    private static void PairMatches(SettingsSection section, Secret certificate, Secret key, Problems problems)
    {
        if (certificate.Reveal().Length == 0 || key.Reveal().Length == 0) return;
        try
        {
            using var pair = X509Certificate2.CreateFromPem(certificate.Reveal(), key.Reveal());
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            Say(problems, section, "key", "is not the key of `certificate`, or one of them cannot be read");
        }
    }

    private static void NetworksAreNotEverybody(ServerSettings settings, Problems problems)
    {
        Check("proxies", settings.Networks.Proxies, "a PROXY header would be required from everybody");
        Check("internal", settings.Networks.Internal, "everybody would count as ours");
        Check("cleartext_login", settings.Networks.CleartextLogin, "everybody might send passwords in the clear");

        void Check(string key, IReadOnlyList<IPNetwork> networks, string consequence)
        {
            for (var i = 0; i < networks.Count; i++)
                if (networks[i].PrefixLength == 0) Say(problems, settings.Networks, $"{key}[{i}]", $"{networks[i]} is the whole Internet: {consequence}");
        }
    }

    private static void DomainsAreApart(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<string, DomainSection>(StringComparer.OrdinalIgnoreCase);
        foreach (var domain in settings.Domains.Where(d => d.Name.Length > 0))
        {
            if (!seen.TryAdd(domain.Name, domain))
                Say(problems, domain, "name", $"{domain.Name} is given twice; the first is on line {seen[domain.Name].PlaceOf("name").Line}");
        }
        foreach (var domain in settings.Domains.Where(d => d.AliasOf is not null))
        {
            if (domain.CatchAll is not null) Say(problems, domain, "catch_all", "contradicts `alias_of`: addresses are looked up in the other domain");
            if (!seen.TryGetValue(domain.AliasOf!, out var target))
                Say(problems, domain, "alias_of", $"{domain.AliasOf} is not in `domains`{Nearest.Hint(domain.AliasOf!, seen.Keys)}");
            else if (target == domain || target.AliasOf is not null)
                Say(problems, domain, "alias_of", $"{domain.AliasOf} must be a domain of its own, not an alias");
        }
    }

    private static bool IsDeclared(ServerSettings settings, string address) =>
        DomainName.TryParse(MailAddress.DomainOf(address), out var domain)
        && settings.Domains.Any(d => DomainName.TryParse(d.Name, out var name) && name == domain);

    private static string NotDeclared(ServerSettings settings, string address) =>
        $"{MailAddress.DomainOf(address)} is not in `domains`{Nearest.Hint(MailAddress.DomainOf(address), settings.Domains.Select(d => d.Name))}";

    private static void AccountsAreWhole(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<string, AccountSection>(StringComparer.OrdinalIgnoreCase);
        foreach (var account in settings.Accounts)
        {
            if (account.Address.Length > 0)
            {
                if (!seen.TryAdd(account.Address, account))
                    Say(problems, account, "address", $"{account.Address} is given twice; the first is on line {seen[account.Address].PlaceOf("address").Line}");
                if (!IsDeclared(settings, account.Address)) Say(problems, account, "address", NotDeclared(settings, account.Address));
            }
            if (account.Has("password") && account.Has("hash")) Say(problems, account, "hash", "contradicts `password`; leave one out");
            if (!account.Has("password") && !account.Has("hash"))
                Say(problems, account, "password", "is missing: give `password: env:NAME` or `hash: ...`");
            if (account.Hash?.Reveal() is { } hash && !IsKnownHash(hash))
                Say(problems, account, "hash", $"is of no known kind; known are {string.Join(" ", HashSchemes)} and crypt(5) texts ($2y$, $6$, $5$, $y$)");
            if (account.Password?.Reveal() is { } password && PasswordText.CryptString(password) is not null)
                Say(problems, account, "password", "looks like a hash; say `hash` instead of `password`");
        }
    }

    private static bool IsKnownHash(string hash) =>
        PasswordText.CryptString(hash) is not null || HashSchemes.Any(s => hash.StartsWith(s, StringComparison.OrdinalIgnoreCase));

    private static void AliasesAreClear(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<string, AliasSection>(StringComparer.OrdinalIgnoreCase);
        foreach (var alias in settings.Aliases.Where(a => a.Address.Length > 0))
        {
            if (!seen.TryAdd(alias.Address, alias))
                Say(problems, alias, "address", $"{alias.Address} is given twice; the first is on line {seen[alias.Address].PlaceOf("address").Line}");
            if (!IsDeclared(settings, alias.Address)) Say(problems, alias, "address", NotDeclared(settings, alias.Address));
            if (!alias.Trap && !alias.Has("to")) Say(problems, alias, "to", "is missing: a list of addresses, such as [alice@example.org]");
            if (alias.Trap && alias.Has("to")) Say(problems, alias, "to", "is never used: a spam trap delivers to nobody");
            if (alias.Has("to") && alias.To.Count == 0) Say(problems, alias, "to", "is empty: the alias would lose its mail");
            var account = settings.Accounts.FirstOrDefault(a => a.Address.Equals(alias.Address, StringComparison.OrdinalIgnoreCase));
            if (account is null || alias.To.Contains(alias.Address, StringComparer.OrdinalIgnoreCase)) continue;
            Say(problems, alias, "address", $"{alias.Address} is an account on line {account.PlaceOf("address").Line}, and this alias would take its mail away; "
                + "to keep and forward, say `forward_to` at the account");
        }
    }

    private static void RelaysAreWhole(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<string, RelaySection>(StringComparer.Ordinal);
        foreach (var relay in settings.Relays.Where(r => r.Name.Length > 0))
        {
            if (!seen.TryAdd(relay.Name, relay))
                Say(problems, relay, "name", $"{relay.Name} is given twice; the first is on line {seen[relay.Name].PlaceOf("name").Line}");
            if (relay.Name == RouteSection.Direct) Say(problems, relay, "name", "`direct` means the MX of the domain; choose another name");
            if (relay.Has("username") != relay.Has("password"))
                Say(problems, relay, relay.Has("username") ? "username" : "password", "a login needs both `username` and `password`");
            if (relay.Tls is RelayTls.None or RelayTls.Opportunistic && relay.Has("password"))
                Say(problems, relay, "tls", "a password is only sent over verified TLS; say required or implicit, or leave the login out");
            if (relay.Has("reserve") && !relay.Has("quota")) Say(problems, relay, "reserve", "is a part of `quota`, which is not given");
            if (relay.Quota is { } quota && relay.Reserve >= quota.Count) Say(problems, relay, "reserve", "must be smaller than the quota");
        }
    }

    private static void RoutesLeadSomewhere(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<(string, string), RouteSection>();
        foreach (var route in settings.Routes.Where(r => r.Relay.Length > 0))
        {
            var names = settings.Relays.Select(r => r.Name).Append(RouteSection.Direct).ToList();
            if (!names.Contains(route.Relay))
                Say(problems, route, "relay", $"there is no relay {route.Relay} in `relays`{Nearest.Hint(route.Relay, names)}");
            if (!seen.TryAdd((route.From, route.To), route))
                Say(problems, route, "to", $"the route on line {seen[(route.From, route.To)].PlaceOf("relay").Line} already takes this mail");
            else if (seen.TryGetValue(("*", "*"), out var all) && all != route)
                Say(problems, route, "to", $"never reached: the route on line {all.PlaceOf("relay").Line} takes all mail; put it last");
        }
    }

    private static void CaptureIsLocal(ServerSettings settings, Problems problems)
    {
        if (settings.Outbound.Capture is not { } capture) return;
        if (!IsDeclared(settings, capture)) Say(problems, settings.Outbound, "capture", NotDeclared(settings, capture));
        if (settings.Routes.Count > 0) Say(problems, settings.Outbound, "capture", "contradicts `routes`: nothing would be sent through them");
    }

    private static void PostmasterIsSomebody(ServerSettings settings, Problems problems)
    {
        if (settings.Postmaster.Length > 0 || settings.Has("postmaster")) return;
        if (settings.Accounts.FirstOrDefault(a => a.Address.Length > 0) is { } first) settings.Postmaster = first.Address;
        else Say(problems, settings, "postmaster", "is missing: somebody must get mail for postmaster (RFC 5321 section 4.5.1)");
    }
}
