using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Aviso.Delivery;

/// <summary>
/// A message of Amazon SNS over HTTPS: its fields, what they are signed over, and where its certificate may lie. Anybody may have a topic
/// and messages signed by Amazon: the topic is as much of the proof as the signature.
/// </summary>
internal sealed partial class SnsMessage(JsonElement fields)
{
    // The order in which SNS signs them; Subject only where there is one.
    private static readonly string[] OfNotification = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
    private static readonly string[] OfSubscription = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

    public string Type => this["Type"];

    public string this[string name] => HookText.Text(fields, name);

    public bool IsNotification => Type == "Notification";

    public bool IsSubscription => Type is "SubscriptionConfirmation" or "UnsubscribeConfirmation";

    /// <summary>Of the certificate; null unless it is a file of SNS itself, over https, on its own port.</summary>
    public Uri? CertificateAddress => Amazon(this["SigningCertURL"]) is { } at && at.AbsolutePath.EndsWith(".pem", StringComparison.Ordinal)
        && at.Query.Length == 0 ? at : null;

    /// <summary>To visit once; null unless it leads to SNS itself.</summary>
    public Uri? SubscribeAddress => Amazon(this["SubscribeURL"]);

    /// <summary>Does the key sign these fields: SHA-1 in version 1, SHA-256 in version 2, both RSA of PKCS #1.</summary>
    public bool IsSignedBy(X509Certificate2 certificate)
    {
        var signature = new byte[this["Signature"].Length];
        if (!Convert.TryFromBase64String(this["Signature"], signature, out var length)) return false;
        HashAlgorithmName? hash = this["SignatureVersion"] switch
        {
            "1" => HashAlgorithmName.SHA1,
            "2" => HashAlgorithmName.SHA256,
            _ => null,
        };
        using var key = certificate.GetRSAPublicKey();
        return hash is { } known && key is not null
            && key.VerifyData(Encoding.UTF8.GetBytes(Signed()), signature.AsSpan(0, length), known, RSASignaturePadding.Pkcs1);
    }

    internal string Signed()
    {
        var text = new StringBuilder();
        foreach (var name in IsNotification ? OfNotification : OfSubscription)
            if (HookText.Find(fields, name) is { ValueKind: JsonValueKind.String }) text.Append(name).Append('\n').Append(this[name])
                .Append('\n');
        return text.ToString();
    }

    private static Uri? Amazon(string url) => Uri.TryCreate(url, UriKind.Absolute, out var at) && at.Scheme == Uri.UriSchemeHttps
        && at.IsDefaultPort && at.UserInfo.Length == 0 && Host().IsMatch(at.IdnHost) ? at : null;

    [GeneratedRegex(
        @"^sns\.[a-z]{2}(-[a-z0-9]+){1,4}\.amazonaws\.com(\.cn)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Host();
}
