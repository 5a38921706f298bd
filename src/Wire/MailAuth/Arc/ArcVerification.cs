using System.Buffers;
using System.Security.Cryptography;

namespace Aviso.MailAuth;

/// <summary>RFC 8617 §5.2 steps 4 to 6: the newest message signature, then every seal from the newest down.</summary>
internal static class ArcVerification
{
    public static async ValueTask<ArcVerdict> JudgeAsync(
        CanonicalFields fields, ArcChain chain, SignatureRun run, DkimOptions options)
    {
        if (chain.Problem.Length > 0) return Fail(chain, chain.Problem, temporary: false);
        var newest = chain.Sets[^1];
        var message = await run.CheckAsync(newest.Message!);
        if (message.Result != DkimResult.Pass)
            return Fail(chain, $"message signature {chain.Instance}: {message.Problem}", message.Result == DkimResult.TempError);
        var hashes = SealHashes(fields, chain.Sets);
        for (var i = chain.Instance - 1; i >= 0; i--)
        {
            var seal = await run.CheckSealAsync(chain.Sets[i].Seal!, hashes[i]);
            if (seal.Result != DkimResult.Pass)
                return Fail(chain, $"seal {i + 1}: {seal.Problem}", seal.Result == DkimResult.TempError);
        }
        return new(ArcResult.Pass, chain.Instance, chain.Sealers, "")
        {
            TrustedResults = TrustedResults(fields, chain, options.TrustedSealers),
        };
    }

    /// <summary>
    /// The hash that each seal signs: all sets in order, each as results, message signature, seal, and the seal itself last
    /// without b= and CRLF. One growing buffer serves them all.
    /// </summary>
    internal static List<byte[]> SealHashes(CanonicalFields fields, IReadOnlyList<ArcSet> sets)
    {
        var hashes = new List<byte[]>(sets.Count);
        var signed = new ArrayBufferWriter<byte>(4096);
        var own = new ArrayBufferWriter<byte>(1024);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var set in sets)
        {
            var seal = set.Seal!;
            CanonicalHeader.Write(signed, fields.Raw(set.Results), Canonicalization.Relaxed);
            CanonicalHeader.Write(signed, fields.Raw(set.Message!.Field), Canonicalization.Relaxed);
            own.ResetWrittenCount();
            CanonicalHeader.WriteSignature(
                own, fields.Raw(seal.Field), seal.OctetsPlace.From, seal.OctetsPlace.To, Canonicalization.Relaxed);
            hash.AppendData(signed.WrittenSpan);
            hash.AppendData(own.WrittenSpan);
            hashes.Add(hash.GetHashAndReset());
            CanonicalHeader.Write(signed, fields.Raw(seal.Field), Canonicalization.Relaxed);
        }
        return hashes;
    }

    // RFC 8617 §7.2.1: results are worth what their sealer is. Seen from here, the newest sealers are trusted one after the
    // other as far as the list goes; the oldest of them saw the message before the others changed it.
    private static string TrustedResults(CanonicalFields fields, ArcChain chain, IReadOnlyList<string> trusted)
    {
        var set = chain.Instance;
        while (set > 0 && IsTrusted(chain.Sets[set - 1].Seal!.Domain, trusted)) set--;
        return set == chain.Instance ? "" : ArcChain.Payload(fields, chain.Sets[set]);
    }

    private static bool IsTrusted(string domain, IReadOnlyList<string> trusted)
    {
        foreach (var name in trusted)
            if (domain == name || domain.EndsWith("." + name, StringComparison.Ordinal)) return true;
        return false;
    }

    private static ArcVerdict Fail(ArcChain chain, string problem, bool temporary) =>
        new(ArcResult.Fail, chain.Instance, chain.Sealers, problem) { Temporary = temporary };
}
