using System.Net;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>Everything that was found out about who sent a message.</summary>
public sealed record AuthVerdict
{
    public IPAddress Client { get; init; } = IPAddress.None;

    public string Helo { get; init; } = "";

    /// <summary>The reverse-path; none for the null one.</summary>
    public MailAddress Sender { get; init; }

    public SpfVerdict Spf { get; init; } = SpfVerdict.None;

    public IReadOnlyList<DkimVerdict> Dkim { get; init; } = [];

    public DmarcVerdict Dmarc { get; init; } = DmarcVerdict.None;

    public ArcVerdict Arc { get; init; } = ArcVerdict.None;

    public IprevVerdict Iprev { get; init; } = IprevVerdict.None;

    /// <summary>The one domain of From, ASCII lower case; empty when there is none or several.</summary>
    public string FromDomain { get; init; } = "";

    /// <summary>What was done about a failure of DMARC; null: what the domain asks for is what is shown.</summary>
    public DmarcPolicy? Disposition { get; init; }

    /// <summary>Checks that did not end within their time, by method name.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];

    /// <summary>SPF or DKIM passed for the domain of the reverse-path: a bounce reaches who really sent it.</summary>
    public bool SenderIsGenuine => !Sender.Domain.IsNone && ((Spf.Result == SpfResult.Pass && Spf.Identity == "mailfrom")
        || Dkim.Any(d => d.Speaks && d.Domain.Equals(Sender.Domain.Ascii, StringComparison.OrdinalIgnoreCase)));

    /// <summary>The Authentication-Results field (RFC 8601), folded, CRLF at the end.</summary>
    public string Results(string authservId) => AuthenticationResults.Write(authservId, Lines());

    private IEnumerable<string> Lines()
    {
        if (Iprev.Result != IprevResult.None)
            yield return $"iprev={Word(Iprev.Result)} policy.iprev={AuthenticationResults.Value(Client.ToString())}{(Iprev.Name.Length > 0 ? $" ({Comment(Iprev.Name)})" : "")}";
        yield return $"spf={Word(Spf.Result)}{Note(Spf.Problem)} "
            + (Spf.Identity == "helo" ? $"smtp.helo={AuthenticationResults.Value(Helo)}"
                : $"smtp.mailfrom={AuthenticationResults.Value(Sender.Wire)}");
        foreach (var dkim in Dkim)
        {
            yield return $"dkim={Word(dkim.Result)}{Note(dkim.Problem)}{Property("header.d", dkim.Domain)}{Property("header.s", dkim.Selector)}"
                + $"{Property("header.a", dkim.Algorithm)}{Property("header.b", dkim.Signature)}";
        }
        if (Dkim.Count == 0) yield return "dkim=none";
        yield return $"dmarc={Word(Dmarc.Result)}{(Dmarc.Record is { } r ? $" (p={Word(r.Policy)} dis={Word(Disposition ?? Dmarc.Policy)})" : "")}{Property("header.from", FromDomain.Length > 0 ? FromDomain : Dmarc.Domain)}";
        if (Arc.Instance > 0) yield return $"arc={Word(Arc.Result)} (i={Arc.Instance})";
    }

    private static string Property(string name, string value) => value.Length == 0 ? "" : $" {name}={AuthenticationResults.Value(value)}";

    // A reason in words goes into a comment, without what would end it.
    private static string Note(string problem) => problem.Length == 0 ? "" : $" ({Comment(problem)})";

    private static string Comment(string text) => string.Concat(text.Where(c => c is >= ' ' and < '\x7F' and not ('(' or ')' or '\\'))) is var clean && clean.Length <= 200 ? clean : clean[..200];

    private static string Word<T>(T result) where T : struct, Enum => result.ToString().ToLowerInvariant();
}
