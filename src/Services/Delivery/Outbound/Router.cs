using Aviso.Base;
using Aviso.Smtp;

namespace Aviso.Delivery;

/// <summary>Says where mail for a foreign address goes.</summary>
public interface IRouter
{
    /// <summary>A domain in lower-case ASCII (mail goes to its MX) or "relay:NAME": what <c>QueueTarget.Destination</c> holds.</summary>
    /// <param name="sender">Reverse-path; none for notices.</param>
    string DestinationFor(MailAddress sender, MailAddress recipient);
}

/// <summary>Addresses as rows hold them.</summary>
public static class RowAddresses
{
    /// <summary>The address of a row; none for "" and for what cannot be read.</summary>
    public static MailAddress Read(string text) => MailAddress.TryParse(text, out var address) ? address : default;

    /// <summary>Where mail for a row's address goes. What cannot be read goes by its domain, and fails there: it is no path.</summary>
    public static string DestinationFor(this IRouter router, string sender, string recipient)
    {
        if (MailAddress.TryParse(recipient, out var address)) return router.DestinationFor(Read(sender), address);
        return DomainName.TryParseOrLiteral(MailAddress.DomainOf(recipient), out var name) ? name.Ascii : recipient;
    }
}

/// <summary>A smarthost that an administrator named.</summary>
public sealed record RelaySettings
{
    public required string Name { get; init; }

    /// <summary>Host name or address; may be private, since an administrator named it.</summary>
    public required string Host { get; init; }

    public int Port { get; init; } = 587;

    public TlsDemand Tls { get; init; } = TlsDemand.Verified;

    /// <summary>TLS first (RFC 8314 §3.3); the default on port 465.</summary>
    public bool? ImplicitTls { get; init; }

    public string? Username { get; init; }

    public string? Password { get; init; }

    /// <summary>Recipients in any <see cref="QuotaSpan"/>; 0 for no limit.</summary>
    public int Quota { get; init; }

    /// <summary>At most a day, for longer the store does not remember.</summary>
    public TimeSpan QuotaSpan { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Share of the quota kept for mail from people, 0 to 1; automatic mail stops at this, bulk mail at twice this (or half-way to all).</summary>
    public double Reserve { get; init; } = 0.1;

    /// <summary>Name of the relay that takes what the quota does not; null: it waits.</summary>
    public string? Spill { get; init; }

    /// <summary>Connections at once.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>The only authorities that the relay's certificate may come from; null for the system's.</summary>
    public System.Security.Cryptography.X509Certificates.X509Certificate2Collection? Authorities { get; init; }

    public bool TlsFirst => ImplicitTls ?? Port == 465;

    public string Destination => Router.RelayPrefix + Name;
}

/// <summary>Mail whose recipient matches <paramref name="To"/> and whose sender matches <paramref name="From"/> (null: any) goes to
/// <paramref name="Relay"/>; null sends it straight to the MX. Each is an <see cref="AddressPattern"/>.</summary>
public sealed record RouteSettings(string? To, string? From, string? Relay);

/// <summary>First matching route wins; none: direct to MX.</summary>
public sealed class Router(IReadOnlyList<RouteSettings> routes) : IRouter
{
    public const string RelayPrefix = "relay:";

    private readonly (AddressPattern To, AddressPattern From, string? Relay)[] _routes =
        [.. routes.Select(r => (AddressPattern.Read(r.To), AddressPattern.Read(r.From), r.Relay))];

    public string DestinationFor(MailAddress sender, MailAddress recipient)
    {
        foreach (var (to, from, relay) in _routes)
            if (to.Matches(recipient) && from.Matches(sender)) return relay is null ? recipient.Domain.Ascii : RelayPrefix + relay;
        return recipient.Domain.Ascii;
    }
}
