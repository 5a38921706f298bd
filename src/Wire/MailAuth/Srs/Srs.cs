using System.Security.Cryptography;
using System.Text;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>How sender addresses are rewritten.</summary>
public sealed record SrsOptions
{
    /// <summary>How long a bounce may take to come back.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(21);

    /// <summary>Characters of the hash, 4 to 20.</summary>
    public int HashLength { get; init; } = 6;
}

/// <summary>What an SRS address stands for.</summary>
/// <param name="Address">Where a bounce goes; null when it cannot be told, then <paramref name="Problem"/> says why.</param>
/// <param name="Token">It stands for a sender that was kept under this token (<see cref="Srs.ForwardByToken"/>); else null.</param>
public readonly record struct SrsReverse(MailAddress? Address, string Problem, string? Token = null);

/// <summary>
/// The sender rewriting scheme: a forwarded message gets a sender of ours, so that SPF of the next hop is about us, and a bounce
/// finds its way back to whom it concerns. Local parts are unquoted on the way in and on the way back: the quotes belong around the
/// whole, never into its middle. The hash keeps strangers from sending through us; the day keeps it from lasting.
/// Immutable, thread-safe.
/// </summary>
/// <param name="secrets">The first one signs, all verify, so that a secret can be replaced while bounces are under way.</param>
public sealed class Srs(IReadOnlyList<byte[]> secrets, TimeProvider clock, SrsOptions? options = null)
{
    // Base 32 survives a lower-cased local part.
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int DaysRound = 1024;

    // Signed with SRS1, so that neither kind passes for the other.
    private const string First = "1=";

    private readonly SrsOptions _options = options ?? new();

    /// <summary>True for a local part that this scheme made here or elsewhere.</summary>
    public static bool IsSrs(string localPart) => localPart.Length > 5
        && (localPart.StartsWith("SRS0", StringComparison.OrdinalIgnoreCase) || localPart.StartsWith("SRS1", StringComparison.OrdinalIgnoreCase))
        && localPart[4] is '=' or '+' or '-';

    /// <summary>The sender of a forwarded message, at <paramref name="domain"/>.</summary>
    /// <param name="sender">Of the message; not the null one, which stays as it is.</param>
    /// <returns>The address. Its local part is within the 64 octets of RFC 5321 §4.5.3.1.1 unless the sender's own address is long:
    /// <see cref="Fits"/> says so, and <see cref="ForwardByToken"/> is the way then.</returns>
    public MailAddress Forward(MailAddress sender, DomainName domain)
    {
        var (local, host) = (sender.LocalPart, sender.Domain.Ascii);
        if (IsSrs(local) && Shortcut(local, host) is { } shortcut) return new(shortcut, domain);
        var stamp = Stamp(clock.GetUtcNow());
        return new($"SRS0={Hash(secrets[0], $"{stamp}={host}={local}")}={stamp}={host}={local}", domain);
    }

    /// <summary>True when the local part keeps to the 64 octets that every host must take (RFC 5321 §4.5.3.1.1).</summary>
    public static bool Fits(MailAddress forwarded) =>
        Encoding.UTF8.GetByteCount(MailAddress.Quoted(forwarded.LocalPart)) <= MailAddress.LongestLocalPart;

    /// <summary>The name under which a sender is kept: the same for the same sender, and nothing of it can be read there.</summary>
    public static string TokenOf(MailAddress sender)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{sender.LocalPart}@{sender.Domain.Ascii}"));
        return string.Create(16, hash, static (text, octets) =>
        {
            for (var i = 0; i < text.Length; i++) text[i] = Base32[octets[i] & 31];
        });
    }

    /// <summary>The sender of a forwarded message whose own is kept under <paramref name="token"/>: an SRS0 without a host.</summary>
    public MailAddress ForwardByToken(string token, DomainName domain)
    {
        var stamp = Stamp(clock.GetUtcNow());
        return new($"SRS0={Hash(secrets[0], $"{stamp}=={token}")}={stamp}=={token}", domain);
    }

    /// <summary>Where a bounce to this local part of ours (unquoted) goes.</summary>
    public SrsReverse Reverse(string localPart)
    {
        if (!IsSrs(localPart)) return new(null, "not an SRS address");
        var isFirst = localPart[3] == '0';
        var parts = localPart[5..].Split('=', isFirst ? 4 : 3);
        if (parts.Length < (isFirst ? 4 : 3)) return new(null, "not a whole SRS address");
        var signed = localPart[(5 + parts[0].Length + 1)..];
        if (!Verifies(parts[0], isFirst ? signed : First + signed)) return new(null, "the hash is not ours");
        // SRS1=hash=first-forwarder==hash=stamp=host=local: goes back to the first forwarder, which checks its own hash and day.
        if (!isFirst)
            return parts[2].Length > 1 && parts[2][0] is '=' or '+' or '-' ? At($"SRS0{parts[2]}", parts[1]) : new(null, "not a whole SRS1 address");
        if (!IsRecent(parts[1])) return new(null, "too old");
        return parts[2].Length > 0 ? At(parts[3], parts[2]) : new(null, "its sender is kept under a token", parts[3].ToUpperInvariant());
    }

    private static SrsReverse At(string localPart, string host) =>
        MailAddress.TryMake(localPart, host, out var address) ? new(address, "") : new(null, $"{host} is no domain");

    // A message forwarded twice gets SRS1 with the first forwarder, however many forwarders follow.
    private string? Shortcut(string local, string host)
    {
        if (local[3] == '0')
        {
            var opaque = $"{host}={local[4..]}";
            return $"SRS1={Hash(secrets[0], First + opaque)}={opaque}";
        }
        var parts = local[5..].Split('=', 3);
        if (parts.Length < 3) return null;
        var rest = $"{parts[1]}={parts[2]}";
        return $"SRS1={Hash(secrets[0], First + rest)}={rest}";
    }

    private bool Verifies(string hash, string signed)
    {
        var given = Encoding.ASCII.GetBytes(hash.ToUpperInvariant());
        var ok = false;
        foreach (var secret in secrets) ok |= CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(Hash(secret, signed)));
        return ok;
    }

    // Local parts come back in other cases: what is signed is compared without it.
    private string Hash(byte[] secret, string signed)
    {
        var mac = HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(signed.ToLowerInvariant()));
        return string.Create(Math.Clamp(_options.HashLength, 4, 20), mac, static (text, octets) =>
        {
            for (var i = 0; i < text.Length; i++) text[i] = Base32[octets[i] & 31];
        });
    }

    private static string Stamp(DateTimeOffset now)
    {
        var day = (int)(now.ToUnixTimeSeconds() / 86_400 % DaysRound);
        return $"{Base32[day >> 5]}{Base32[day & 31]}";
    }

    private bool IsRecent(string stamp)
    {
        if (stamp.Length != 2) return false;
        var (high, low) = (Base32.IndexOf(char.ToUpperInvariant(stamp[0]), StringComparison.Ordinal), Base32.IndexOf(char.ToUpperInvariant(stamp[1]), StringComparison.Ordinal));
        if (high < 0 || low < 0) return false;
        var today = (int)(clock.GetUtcNow().ToUnixTimeSeconds() / 86_400 % DaysRound);
        var age = (today - ((high << 5) | low) + DaysRound) % DaysRound;
        // A clock that went back by a day is no reason to lose a bounce.
        return age <= _options.MaxAge.TotalDays || age == DaysRound - 1;
    }
}
