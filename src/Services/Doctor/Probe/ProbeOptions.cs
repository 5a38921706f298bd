using System.Security.Cryptography.X509Certificates;
using Aviso.Base;

namespace Aviso.Doctor;

/// <summary>A host and a port.</summary>
public readonly record struct HostPort(string Host, int Port)
{
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>What the probe sends, which way, and where it looks for it.</summary>
public sealed record ProbeOptions
{
    /// <summary>Our name in EHLO, and what certificates must name where nothing else is said.</summary>
    public required string HostName { get; init; }

    /// <summary>The account whose mailbox it lands in.</summary>
    public required MailAddress Account { get; init; }

    /// <summary>Where it is sent; an address that leads to <see cref="Account"/>.</summary>
    public required MailAddress To { get; init; }

    /// <summary>Between two runs of one way.</summary>
    public required TimeSpan Every { get; init; }

    /// <summary>How long a message may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    public required IReadOnlyList<ProbeWay> Ways { get; init; }

    /// <summary>Instead of the hosts that the DNS names for the domain's mail.</summary>
    public HostPort? Smtp { get; init; }

    /// <summary>Null: IMAP is not looked at, because of <see cref="NoImap"/>.</summary>
    public HostPort? Imap { get; init; }

    public string NoImap { get; init; } = "";

    /// <summary>Address of the JMAP session. Null: not looked at, because of <see cref="NoJmap"/>.</summary>
    public Uri? Jmap { get; init; }

    public string NoJmap { get; init; } = "";

    /// <summary>The only authorities whose certificates count; null for the system's.</summary>
    public X509Certificate2Collection? Roots { get; init; }

    /// <summary>Of a Pushgateway, with the group of the metrics; null: nothing is pushed there.</summary>
    public Uri? Gateway { get; init; }

    /// <summary>Of an Uptime Kuma push monitor. It is a secret.</summary>
    public Uri? Kuma { get; init; }
}

/// <summary>A way out of here and back.</summary>
/// <param name="Name">"direct", or of a relay or an API.</param>
/// <param name="AtLeast">Between two runs, whatever <see cref="ProbeOptions.Every"/> says: its share of a quota.</param>
public abstract record ProbeWay(string Name, TimeSpan AtLeast)
{
    public const string Direct = "direct";
}

/// <summary>From ourselves to where our domain's mail comes in.</summary>
public sealed record DirectWay() : ProbeWay(Direct, TimeSpan.Zero);

/// <summary>Through our queue and a relay of the settings.</summary>
public sealed record RelayWay(string Name, TimeSpan AtLeast) : ProbeWay(Name, AtLeast);

public enum ProbeVendor
{
    Brevo, Mailgun,
}

/// <summary>By the HTTP API of a vendor: what comes in is looked at even when nothing of ours goes out.</summary>
/// <param name="From">A sender that the vendor lets us use.</param>
public sealed record ApiWay(string Name, TimeSpan AtLeast, ProbeVendor Vendor, Uri Address, string Key, MailAddress From)
    : ProbeWay(Name, AtLeast);
