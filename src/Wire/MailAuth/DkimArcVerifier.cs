using Aviso.Base;
using Aviso.Dns;

namespace Aviso.MailAuth;

/// <summary>What the signatures of one message are worth.</summary>
/// <param name="Dkim">In the order of the fields; empty for a message without DKIM-Signature.</param>
public sealed record SignatureVerdicts(IReadOnlyList<DkimVerdict> Dkim, ArcVerdict Arc);

/// <summary>
/// Verifies DKIM (RFC 6376, 8301, 8463) and ARC (RFC 8617) together: the header is read once, the keys are asked for at once
/// and the body is hashed in one pass. Never throws for what a stranger sent; only cancellation throws. Thread-safe.
/// </summary>
public sealed class DkimArcVerifier(IResolver resolver, DkimOptions options, TimeProvider time)
{
    private readonly DkimKeyLookup _keys = new(resolver);

    public ValueTask<SignatureVerdicts> VerifyAsync(SpooledBody body, CancellationToken cancel) =>
        VerifyAsync(body, dkim: true, arc: true, cancel);

    internal async ValueTask<SignatureVerdicts> VerifyAsync(SpooledBody body, bool dkim, bool arc, CancellationToken cancel)
    {
        var fields = CanonicalFields.Read(body);
        var (signatures, beyond) = dkim ? Signatures(fields) : ([], 0);
        var chain = arc ? ArcChain.Read(fields) : null;
        if (signatures.Count == 0 && chain is not { Exists: true }) return new([], ArcVerdict.None);

        using var run = new SignatureRun(fields, _keys, options, time, cancel);
        foreach (var signature in signatures) run.Prepare(signature);
        if (chain is { Exists: true, Problem: "" })
        {
            run.Prepare(chain.Sets[^1].Message!);
            foreach (var set in chain.Sets) run.Prepare(set.Seal!);
        }
        run.HashBody(body);

        var verdicts = new List<DkimVerdict>();
        foreach (var signature in signatures) verdicts.Add(await run.VerdictAsync(signature));
        if (beyond > 0) verdicts.Add(Ignored(beyond));
        return new(verdicts, chain is { Exists: true } ? await ArcVerification.JudgeAsync(fields, chain, run, options) : ArcVerdict.None);
    }

    private (List<DkimSignature> Signatures, int Beyond) Signatures(CanonicalFields fields)
    {
        var signatures = new List<DkimSignature>();
        var beyond = 0;
        for (var i = 0; i < fields.Count; i++)
        {
            if (!fields.Is(i, "DKIM-Signature"u8)) continue;
            if (signatures.Count < options.MaxSignatures) signatures.Add(DkimSignature.Read(fields, i, SignatureKind.Dkim));
            else beyond++;
        }
        return (signatures, beyond);
    }

    private DkimVerdict Ignored(int beyond) => new(DkimResult.Policy, "", "", "", "",
        $"{beyond} more signatures were not looked at (at most {options.MaxSignatures})", false);
}

/// <summary>DKIM alone: <see cref="DkimArcVerifier"/> without ARC.</summary>
public sealed class DkimVerifier(IResolver resolver, DkimOptions options, TimeProvider time)
{
    private readonly DkimArcVerifier _both = new(resolver, options, time);

    /// <summary>One verdict for each signature in the order of the fields, none for an unsigned message.</summary>
    public async ValueTask<IReadOnlyList<DkimVerdict>> VerifyAsync(SpooledBody body, CancellationToken cancel) =>
        (await _both.VerifyAsync(body, dkim: true, arc: false, cancel)).Dkim;
}

/// <summary>ARC alone: <see cref="DkimArcVerifier"/> without DKIM.</summary>
public sealed class ArcVerifier(IResolver resolver, DkimOptions options, TimeProvider time)
{
    private readonly DkimArcVerifier _both = new(resolver, options, time);

    public async ValueTask<ArcVerdict> VerifyAsync(SpooledBody body, CancellationToken cancel) =>
        (await _both.VerifyAsync(body, dkim: false, arc: true, cancel)).Arc;
}
