using System.Net;
using System.Net.Sockets;
using System.Text;
using Aviso.Dns;
using Aviso.Net;

namespace Aviso.Spam;

/// <summary>One thing of a message that lists are asked about.</summary>
/// <param name="Name">What stands before the zone: a reversed address (RFC 5782 §2.1, §2.4) or a domain (§3).</param>
/// <param name="Shown">For people, such as "192.0.2.1" or "one.example in a link".</param>
internal readonly record struct ListSubject(ListSubjects Kind, string Name, string Shown);

/// <summary>Finds what of a message lists are asked about: nothing of our own, nothing private, and not more than a few of each.</summary>
internal static class SubjectFinder
{
    private const int MostHops = 5;
    private const int MostLinks = 20;
    private const int MostSenders = 5;
    private const int MostReceived = 20;

    // Beside what is not routed: addresses for documentation (RFC 5737, RFC 3849), which belong to nobody.
    private static readonly Networks NobodyKnows = Networks.Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "::/96", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8");

    // RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476: names that are nobody's in the DNS.
    private static readonly HashSet<string> NoDomains = new(StringComparer.Ordinal)
    {
        "test", "example", "invalid", "localhost", "local", "onion", "alt", "internal", "arpa", "lan", "home", "corp",
    };

    private static readonly HashSet<string> Examples = new(StringComparer.Ordinal) { "example.com", "example.net", "example.org" };

    public static List<ListSubject> Of(SpamContext context, ListSubjects wanted, DnsListOptions options)
    {
        var found = new List<ListSubject>();
        var input = context.Input;
        if (wanted.HasFlag(ListSubjects.Client) && !input.IsInternal && input.Client is { } client) Address(found, ListSubjects.Client, client, options, "");
        if (wanted.HasFlag(ListSubjects.Hops)) Hops(found, context, options);
        if (wanted.HasFlag(ListSubjects.Links)) Links(found, context, options);
        if (wanted.HasFlag(ListSubjects.Senders) && !input.IsInternal) Senders(found, context, options);
        return found;
    }

    /// <summary>True for an address that a list can know.</summary>
    public static bool IsPublic(IPAddress address) => !NobodyKnows.Contains(Networks.Normal(address));

    /// <summary>What stands before the zone for an address.</summary>
    public static string Reversed(IPAddress address)
    {
        var name = DnsName.Reverse(Networks.Normal(address)).TrimEnd('.');
        return name[..name.LastIndexOf('.', name.LastIndexOf('.') - 1)];
    }

    private static void Address(List<ListSubject> found, ListSubjects kind, IPAddress address, DnsListOptions options, string where)
    {
        if (!IsPublic(address) || options.IsOwnAddress(address)) return;
        var name = Reversed(address);
        if (!found.Exists(s => s.Name == name)) found.Add(new(kind, name, Networks.Normal(address) + where));
    }

    // The address a machine wrote behind the name of the one before it: "(name [192.0.2.1])". Who speaks here may lie; so it only adds points.
    private static void Hops(List<ListSubject> found, SpamContext context, DnsListOptions options)
    {
        var before = found.Count;
        foreach (var line in context.Content.Header.All("received").Take(MostReceived))
        {
            var text = Encoding.Latin1.GetString(line.Value.Span[..Math.Min(line.Value.Length, 1000)]);
            var open = text.IndexOf('[', StringComparison.Ordinal);
            var end = open < 0 ? -1 : text.IndexOf(']', open);
            if (end < 0) continue;
            var literal = text[(open + 1)..end];
            if (literal.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase)) literal = literal[5..];
            if (!IPAddress.TryParse(literal, out var hop) || (hop.AddressFamily == AddressFamily.InterNetwork && literal.AsSpan().Count('.') != 3)) continue;
            if (context.Input.Client is { } client && Networks.Normal(client).Equals(Networks.Normal(hop))) continue;
            Address(found, ListSubjects.Hops, hop, options, " on its way");
            if (found.Count - before == MostHops) return;
        }
    }

    private static void Links(List<ListSubject> found, SpamContext context, DnsListOptions options)
    {
        var before = found.Count;
        foreach (var url in context.Content.Urls)
        {
            if (url.IsAddress) continue;
            Domain(found, ListSubjects.Links, url.Domain, options, " in a link");
            if (found.Count - before < MostLinks) continue;
            context.LimitHit($"it links to more than {MostLinks} domains: lists are asked about no more", 0.3);
            return;
        }
    }

    private static void Senders(List<ListSubject> found, SpamContext context, DnsListOptions options)
    {
        var before = found.Count;
        var (input, header) = (context.Input, context.Content.Header);
        var domains = new[] { header.FromDomain, input.Sender.Domain.Ascii, header.ReplyTo.Count > 0 ? header.ReplyTo[0].Domain : "" }
            .Concat(input.Auth?.Dkim.Where(d => d.Result == MailAuth.DkimResult.Pass).Select(d => d.Domain) ?? []);
        foreach (var domain in domains)
        {
            if (domain.Length > 0) Domain(found, ListSubjects.Senders, Organization.Of(domain.ToLowerInvariant()), options, " as its sender");
            if (found.Count - before < MostSenders) continue;
            context.LimitHit($"more than {MostSenders} domains stand behind it: lists are asked about no more", 0.3);
            return;
        }
    }

    private static void Domain(List<ListSubject> found, ListSubjects kind, string domain, DnsListOptions options, string where)
    {
        if (DnsName.Normalize(domain) is not { } name || !name.Contains('.', StringComparison.Ordinal)) return;
        if (Examples.Contains(name) || NoDomains.Contains(name[(name.LastIndexOf('.') + 1)..]) || options.IsOwnDomain(name)) return;
        if (!found.Exists(s => s.Kind == kind && s.Name == name)) found.Add(new(kind, name, name + where));
    }
}
