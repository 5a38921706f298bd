using System.Text;
using Aviso.Base;

namespace Aviso.Tests.Unit.MailAuth;

/// <summary>Messages as the wire hands them over: CRLF line ends in a spooled body.</summary>
internal static class Bodies
{
    private static readonly BodySpool Spool = new(Path.Combine(Path.GetTempPath(), "aviso-tests-mailauth"), 1L << 32);

    /// <summary>Line ends are made CRLF.</summary>
    public static SpooledBody Of(string text) => Of(Encoding.Latin1.GetBytes(text));

    public static SpooledBody Of(byte[] octets)
    {
        var body = Spool.Begin();
        body.Write(Crlf(octets));
        return body;
    }

    /// <summary>As it is.</summary>
    public static SpooledBody Raw(ReadOnlySpan<byte> octets)
    {
        var body = Spool.Begin();
        body.Write(octets);
        return body;
    }

    public static byte[] Crlf(byte[] octets)
    {
        var text = Encoding.Latin1.GetString(octets).Replace("\r\n", "\n", StringComparison.Ordinal)
            .Replace("\n", "\r\n", StringComparison.Ordinal);
        return Encoding.Latin1.GetBytes(text);
    }
}

/// <summary>A clock that stands still.</summary>
internal sealed class FixedClock(long unixSeconds) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(unixSeconds);
}
