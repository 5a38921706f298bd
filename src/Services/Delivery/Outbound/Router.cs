using System.Globalization;
using Aviso.Smtp;

namespace Aviso.Delivery;

/// <summary>Says where mail for a foreign domain goes.</summary>
public interface IRouter
{
    /// <summary>A domain in lower-case ASCII (mail goes to its MX) or "relay:NAME": what <c>QueueTarget.Destination</c> holds.</summary>
    /// <param name="sender">Reverse-path without brackets; empty for notices.</param>
    /// <param name="recipientDomain">ASCII or Unicode, any case, or "[literal]".</param>
    string DestinationFor(string sender, string recipientDomain);
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

    /// <summary>Connections at once.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>Judges the relay's certificate; null for the system's authorities.</summary>
    public System.Net.Security.RemoteCertificateValidationCallback? Verify { get; init; }

    public bool TlsFirst => ImplicitTls ?? Port == 465;

    public string Destination => Router.RelayPrefix + Name;
}

/// <summary>Mail whose recipient matches <paramref name="To"/> and whose sender matches <paramref name="From"/> (null: any) goes to
/// <paramref name="Relay"/>; null sends it straight to the MX. Patterns: "*", "example.org", "*.example.org", "user@example.org", "*@example.org".</summary>
public sealed record RouteSettings(string? To, string? From, string? Relay);

/// <summary>First matching route wins; none: direct to MX.</summary>
public sealed class Router(IReadOnlyList<RouteSettings> routes) : IRouter
{
    public const string RelayPrefix = "relay:";

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = false };

    public string DestinationFor(string sender, string recipientDomain)
    {
        var domain = ToAscii(recipientDomain);
        foreach (var route in routes)
            if (Matches(route.To, "", domain) && Matches(route.From, LocalOf(sender), ToAscii(DomainOf(sender))))
                return route.Relay is { } relay ? RelayPrefix + relay : domain;
        return domain;
    }

    /// <summary>The part after the last "@", or empty.</summary>
    public static string DomainOf(string address) => address[(address.LastIndexOf('@') + 1)..] is var d && d.Length < address.Length ? d : "";

    // RFC 5890: U-labels to A-labels. What cannot be one stays; the DNS then says that it does not exist.
    internal static string ToAscii(string domain)
    {
        if (domain.Length == 0 || domain[0] == '[') return domain.ToLowerInvariant();
        var bare = domain.TrimEnd('.').ToLowerInvariant();
        if (System.Text.Ascii.IsValid(bare)) return bare;
        try
        {
            return Idn.GetAscii(bare);
        }
        catch (ArgumentException)
        {
            return bare;
        }
    }

    private static string LocalOf(string address) => address.LastIndexOf('@') is var at and >= 0 ? address[..at] : address;

    private static bool Matches(string? pattern, string local, string domain)
    {
        if (pattern is null or "*") return true;
        var at = pattern.LastIndexOf('@');
        if (at >= 0 && pattern[..at] is not "*" && !pattern[..at].Equals(local, StringComparison.OrdinalIgnoreCase)) return false;
        var wanted = pattern[(at + 1)..];
        if (wanted.StartsWith("*.", StringComparison.Ordinal)) return domain.EndsWith("." + ToAscii(wanted[2..]), StringComparison.Ordinal);
        return wanted == "*" || domain == ToAscii(wanted);
    }
}
