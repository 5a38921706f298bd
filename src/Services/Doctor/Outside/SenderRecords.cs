using System.Net;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.MailAuth;

namespace Aviso.Doctor;

/// <summary>What is found in the DNS of a key.</summary>
internal enum KeyState
{
    Published, Missing, Other, NotAnswered,
}

/// <summary>What the DNS says of who may send for a domain: asked in one place by all checks that want to know.</summary>
internal sealed class SenderRecords(IResolver resolver, TimeProvider clock)
{
    public ValueTask<SpfSurvey> SpfAsync(string domain, CancellationToken cancel) => SpfSurvey.OfAsync(resolver, domain, cancel);

    /// <summary>What a receiver says of mail of the domain that comes from this address; null when the DNS does not answer.</summary>
    public async ValueTask<bool?> IsAllowedAsync(IPAddress address, Deployment deployment, string domain, CancellationToken cancel)
    {
        if (!MailAddress.TryParse("postmaster@" + domain, out var sender)) return null;
        var verdict = await new SpfChecker(resolver, deployment.HostName, clock).CheckAsync(address, deployment.HostName, sender, cancel);
        return verdict.Result == SpfResult.TempError ? null : verdict.Result == SpfResult.Pass;
    }

    /// <summary>The record of a key of ours.</summary>
    public async ValueTask<(KeyState State, string Found)> KeyAsync(SigningKeyInfo key, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync(NameOf(key.Selector, key.Domain), DnsType.Txt, cancel);
        if (answer.IsTemporary) return (KeyState.NotAnswered, "");
        var texts = answer.Of<TxtRecord>().Select(t => t.Text).ToList();
        if (texts.Count == 0) return (KeyState.Missing, "");
        var ours = PublicKey(RecordOf(key));
        return (texts.Exists(t => PublicKey(t) == ours) ? KeyState.Published : KeyState.Other, texts[0]);
    }

    /// <summary>Whether anything verifies with a selector of somebody else; null when the DNS does not answer.</summary>
    public async ValueTask<bool?> HasKeyAsync(string selector, string domain, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync(NameOf(selector, domain), DnsType.Txt, cancel);
        return answer.IsTemporary ? null : answer.Of<TxtRecord>().Any(t => PublicKey(t.Text).Length > "p=".Length);
    }

    public static string NameOf(string selector, string domain) => $"{selector}._domainkey.{domain}";

    /// <summary>The record's value in one piece: a zone's line holds it in quotes, in pieces of at most 255 octets.</summary>
    public static string RecordOf(SigningKeyInfo key) => string.Concat(key.Record.Split('"').Where((_, at) => at % 2 == 1));

    /// <summary>A record in the form of a zone file, for the fix.</summary>
    public static string Line(string name, string text) => $"{name}. TXT \"{text}\"";

    private static string PublicKey(string record) => record.Split(';').Select(t => t.Replace(" ", "", StringComparison.Ordinal).Trim())
        .FirstOrDefault(t => t.StartsWith("p=", StringComparison.Ordinal)) ?? "";
}
