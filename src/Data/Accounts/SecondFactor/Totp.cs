using System.Security.Cryptography;
using System.Text;
using OtpNet;

namespace Aviso.Accounts;

/// <summary>RFC 6238 with the parameters that every authenticator app knows (SHA-1, 30 seconds, 6 digits), as Otp.NET computes it.</summary>
internal static class Totp
{
    public const int SecretLength = 20;
    public const int Digits = 6;
    private const int StepSeconds = 30;

    public static long StepOf(DateTimeOffset now) => now.ToUnixTimeSeconds() / StepSeconds;

    public static string Code(ReadOnlySpan<byte> secret, long step, int digits = Digits) =>
        new Hotp(secret.ToArray(), OtpHashMode.Sha1, digits).ComputeHOTP(step);

    /// <summary>The step whose code this is, of the present one and its neighbours, later than <paramref name="after"/>; null: none. A code
    /// that was used is no longer one (RFC 6238 §5.2).</summary>
    public static long? Find(ReadOnlySpan<byte> secret, string code, DateTimeOffset now, long after)
    {
        long? found = null;
        for (var step = StepOf(now) - 1; step <= StepOf(now) + 1; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Code(secret, step)), Encoding.UTF8.GetBytes(code))
                && step > after) found ??= step;
        }
        return found;
    }

    /// <summary>RFC 4648 §6 without padding.</summary>
    public static string Base32(ReadOnlySpan<byte> octets) => octets.IsEmpty ? "" : Base32Encoding.ToString(octets.ToArray()).TrimEnd('=');

    /// <summary>What authenticator apps read from a picture: otpauth://totp/ISSUER:ACCOUNT?secret=...</summary>
    public static string Uri(string issuer, string account, ReadOnlySpan<byte> secret) =>
        new OtpUri(OtpType.Totp, secret.ToArray(), account, issuer, OtpHashMode.Sha1, Digits, StepSeconds).ToString();
}
