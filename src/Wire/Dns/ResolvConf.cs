using System.Net;

namespace Aviso.Dns;

/// <summary>What /etc/resolv.conf says, as far as a mail server cares: servers and trust-ad. Search lists are not used: names in
/// mail are whole (RFC 5321 §2.3.5).</summary>
internal sealed record ResolvConf(IReadOnlyList<IPEndPoint> Servers, bool TrustAd)
{
    public static ResolvConf Read(string path = "/etc/resolv.conf")
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Parse("");
        }
    }

    /// <summary>No server named: the one on this machine, as resolv.conf(5) says.</summary>
    public static ResolvConf Parse(string text)
    {
        var servers = new List<IPEndPoint>();
        var trustAd = false;
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var address, ..] && IPAddress.TryParse(address, out var server)) servers.Add(new(server, 53));
            if (words is ["options", ..]) trustAd |= words.Contains("trust-ad");
        }
        if (servers.Count == 0) servers.Add(new(IPAddress.Loopback, 53));
        return new(servers, trustAd);
    }
}
