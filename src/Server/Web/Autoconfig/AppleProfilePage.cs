using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using Aviso.Net;
using Microsoft.AspNetCore.WebUtilities;

namespace Aviso.Web;

/// <summary>/profile.mobileconfig?email=ADDRESS: the profile, signed (RFC 5652) with the certificate of this server, so that a device shows
/// whose it is.</summary>
/// <param name="certificates">Null: there are none; then the profile is not signed.</param>
internal sealed class AppleProfilePage(MailDoors doors, MailDomains domains, TlsCertificates? certificates)
{
    private const string Type = "application/x-apple-aspen-config; charset=utf-8";

    public WebRow Row => new(WebKinds.Public, HostRule.MailDomain, WebRow.Read, "/profile.mobileconfig", (exchange, _) =>
    {
        var address = QueryHelpers.ParseQuery(exchange.Request.QueryString).TryGetValue("email", out var values) ? values.ToString() : "";
        var incoming = doors.First(MailDoorKind.Imap) ?? doors.First(MailDoorKind.Pop3);
        if (domains.OfAddress(address) is null || incoming is null || doors.First(MailDoorKind.Submission) is not { } outgoing)
            return exchange.AnswerAsync(404, WebExchange.Plain, "say ?email=ADDRESS, of a mail domain of this server\n");
        exchange["Content-Disposition"] = "attachment; filename=\"mail.mobileconfig\"";
        return exchange.AnswerAsync(200, Type, Sign(AppleProfile.Write(doors, incoming, outgoing, address)));
    });

    private byte[] Sign(byte[] profile)
    {
        if (certificates?.ChainFor(doors.HostName) is not { } chain || chain[0] is not { HasPrivateKey: true } leaf) return profile;
        var signed = new SignedCms(new ContentInfo(profile));
        // What stands above it is sent as it is in TLS: nothing is looked up for it.
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, leaf)
        {
            IncludeOption = X509IncludeOption.EndCertOnly,
            DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1", "sha256"),
        };
        foreach (var certificate in chain.Skip(1)) signer.Certificates.Add(certificate);
        signed.ComputeSignature(signer);
        return signed.Encode();
    }
}
