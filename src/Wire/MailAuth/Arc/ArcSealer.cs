using System.Buffers;
using System.Text;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>RFC 8617 §5.1: adds a set to the chain of a message that goes on to somebody else.</summary>
public static class ArcSealer
{
    // RFC 8617 §4.1.2: what DKIM signs, and earlier DKIM signatures; never ARC fields or Authentication-Results.
    private static readonly IReadOnlyList<string> Fields = [.. SignOptions.Default.Fields, "DKIM-Signature"];

    /// <summary>
    /// The three fields to put before the message, with CRLF. Empty when the chain must not be extended: its newest seal says
    /// cv=fail, it has 50 sets, or its state is unknown because a key could not be looked up just now.
    /// </summary>
    public static byte[] Seal(SpooledBody body, AuthVerdict verdict, string authservId, DkimKey key, DateTimeOffset now) =>
        Seal(body, verdict.Arc, verdict.Results(authservId), key, now);

    /// <summary>As the other, with results in words of one's own.</summary>
    /// <param name="chain">What was found out about the message's chain when it came in.</param>
    /// <param name="results">Our own Authentication-Results field of this message, with or without its name.</param>
    public static byte[] Seal(SpooledBody body, ArcVerdict chain, string results, DkimKey key, DateTimeOffset now) =>
        chain.Temporary ? [] : Seal(body, chain.Result, Payload(results), key, now, Fields);

    /// <param name="payload">authserv-id and results, as they stand after the instance.</param>
    internal static byte[] Seal(
        SpooledBody body, ArcResult state, string payload, DkimKey key, DateTimeOffset now, IReadOnlyList<string> names)
    {
        var fields = CanonicalFields.Read(body);
        var chain = ArcChain.Read(fields);
        if (fields.IsCut || chain.IsDead || chain.Instance >= DkimSignature.MostInstances) return [];
        // RFC 8617 §5.1: a chain that is there cannot be "none"; one that is not there cannot be anything else.
        if (!chain.Exists) state = ArcResult.None;
        else if (state == ArcResult.None || chain.Problem.Length > 0) state = ArcResult.Fail;
        var instance = (chain.Instance + 1).ToString();

        var results = $"ARC-Authentication-Results: i={instance}; {payload}\r\n";
        var message = MessageSignature(body, fields, instance, key, now, names);
        var seal = new DkimFieldWriter("ARC-Seal").Tag("a", key.AlgorithmName).Octets().Tag("cv", state.ToString().ToLowerInvariant())
            .Tag("d", key.Domain).Tag("i", instance).Tag("s", key.Selector).Tag("t", DkimSigner.Seconds(now));

        var signed = new ArrayBufferWriter<byte>(4096);
        // RFC 8617 §5.1.2: a failed chain is sealed as if this set were the only one.
        if (state == ArcResult.Pass)
        {
            foreach (var set in chain.Sets)
            {
                CanonicalHeader.Write(signed, fields.Raw(set.Results), Canonicalization.Relaxed);
                CanonicalHeader.Write(signed, fields.Raw(set.Message!.Field), Canonicalization.Relaxed);
                CanonicalHeader.Write(signed, fields.Raw(set.Seal!.Field), Canonicalization.Relaxed);
            }
        }
        CanonicalHeader.Write(signed, Encoding.UTF8.GetBytes(results), Canonicalization.Relaxed);
        CanonicalHeader.Write(signed, Encoding.UTF8.GetBytes(message), Canonicalization.Relaxed);
        var sealField = seal.Finish(key.Sign(DkimSigner.Hash(signed.WrittenSpan, seal.Canonical())));
        return Encoding.UTF8.GetBytes(sealField + message + results);
    }

    private static string MessageSignature(
        SpooledBody body, CanonicalFields fields, string instance, DkimKey key, DateTimeOffset now, IReadOnlyList<string> signedNames)
    {
        var names = DkimSigner.Names(fields, signedNames, []);
        var writer = new DkimFieldWriter("ARC-Message-Signature").Tag("a", key.AlgorithmName).Octets()
            .Tag("bh", DkimSigner.BodyHash(body, fields)).Tag("c", "relaxed/relaxed").Tag("d", key.Domain)
            .Names(names).Tag("i", instance).Tag("s", key.Selector).Tag("t", DkimSigner.Seconds(now));
        return writer.Finish(key.Sign(DkimSigner.Hash(DkimSigner.SignedFields(fields, names), writer.Canonical())));
    }

    // An Authentication-Results field without its name and last line end.
    private static string Payload(string field)
    {
        const string Name = "Authentication-Results:";
        return (field.StartsWith(Name, StringComparison.OrdinalIgnoreCase) ? field[Name.Length..] : field).Trim();
    }
}
