using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Aviso.Moving;

/// <summary>How a connection is protected.</summary>
public enum ImapTls
{
    /// <summary>From its first octet (RFC 8314 §3.2).</summary>
    Implicit,

    /// <summary>By STARTTLS; without it nothing is said.</summary>
    StartTls,

    /// <summary>Not at all.</summary>
    None,
}

/// <summary>Who logs in, as it was asked for. No record: nothing prints it.</summary>
public sealed class ImapLogin
{
    /// <summary>Whatever the server takes, such as `alice*master`.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>A token of OAuth instead of a password.</summary>
    public string? Token { get; init; }

    /// <summary>implicit, starttls or none; null: as the port says.</summary>
    public string? Tls { get; init; }

    /// <summary>A PEM file of authorities that count instead of the system's.</summary>
    public string? Ca { get; init; }
}

/// <summary>An IMAP server, and who logs in there.</summary>
internal sealed class ImapPlace
{
    private const int Secure = 993, Open = 143;

    public required string Host { get; init; }

    public required int Port { get; init; }

    public required ImapTls Tls { get; init; }

    public required string User { get; init; }

    /// <summary>The password, or with <see cref="IsToken"/> the token.</summary>
    public required string Secret { get; init; }

    public bool IsToken { get; init; }

    /// <summary>Null: the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    public string Address => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    public override string ToString() => $"imap://{User}@{Address}";

    /// <param name="where">HOST, HOST:PORT, [IPV6] or [IPV6]:PORT.</param>
    /// <exception cref="SourceException">It says no place, or no login.</exception>
    public static ImapPlace Of(string where, ImapLogin login)
    {
        var (host, port) = Split(where);
        var tls = login.Tls switch
        {
            "implicit" => ImapTls.Implicit,
            "starttls" => ImapTls.StartTls,
            "none" => ImapTls.None,
            null => port is null or Secure ? ImapTls.Implicit : ImapTls.StartTls,
            var other => throw new SourceException($"`{other}` is no way of TLS; known are implicit, starttls, none"),
        };
        if (login.User is not { Length: > 0 } user) throw new SourceException("say who logs in there: --user NAME");
        if (login.Password is not null == login.Token is not null)
            throw new SourceException("say how to log in there: either --password or --token, as env:NAME, file:PATH or literal:TEXT");
        return new()
        {
            Host = host,
            Port = port ?? (tls == ImapTls.Implicit ? Secure : Open),
            Tls = tls,
            User = user,
            Secret = login.Password ?? login.Token!,
            IsToken = login.Token is not null,
            Authorities = login.Ca is { } file ? Read(file) : null,
        };
    }

    private static (string Host, int? Port) Split(string where)
    {
        var at = where.StartsWith('[') ? where.IndexOf("]:", StringComparison.Ordinal) + 1
            : where.AsSpan().Count(':') == 1 ? where.IndexOf(':') : 0;
        var (host, port) = at > 0 ? (where[..at], where[(at + 1)..]) : (where, null);
        host = host.Trim('[', ']');
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown) throw new SourceException($"`{where}` is no HOST or HOST:PORT");
        if (port is null) return (host, null);
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? (host, number)
            : throw new SourceException($"`{port}` of `{where}` is no port");
    }

    private static X509Certificate2Collection Read(string file)
    {
        try
        {
            return Net.Authorities.Read(File.ReadAllText(file)) is { Count: > 0 } read ? read
                : throw new SourceException($"{file} holds no certificate");
        }
        catch (Exception e) when (e is not SourceException && e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new SourceException($"the authorities in {file} cannot be read: {e.Message}", e);
        }
    }
}
