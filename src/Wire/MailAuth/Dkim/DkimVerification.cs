using System.Buffers;
using System.Security.Cryptography;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>How one signature of any kind came out.</summary>
internal readonly record struct SignatureOutcome(DkimResult Result, string Problem, bool Testing = false, bool IsPartial = false);

/// <summary>The work of one message: keys on their way, body hashes wanted and made, signatures checked.</summary>
internal sealed class SignatureRun : IDisposable
{
    private readonly CanonicalFields _fields;
    private readonly DkimKeyLookup _lookup;
    private readonly DkimOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancel;
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _linked;
    private readonly Dictionary<string, Task<DkimKeyAnswer>> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<DkimSignature, BodyHash> _hashes = [];
    private readonly CanonicalPass _pass = new();
    private readonly ArrayBufferWriter<byte> _signed = new(4096);

    public SignatureRun(
        CanonicalFields fields, DkimKeyLookup lookup, DkimOptions options, TimeProvider time, CancellationToken cancel)
    {
        (_fields, _lookup, _options, _time, _cancel) = (fields, lookup, options, time, cancel);
        _timeout = new(options.KeyTimeout, time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, _timeout.Token);
    }

    /// <summary>Asks for the key and the body hash; a signature that is refused already costs neither.</summary>
    public void Prepare(DkimSignature signature)
    {
        if (Refusal(signature) is not null) return;
        if (!_keys.ContainsKey(signature.KeyName)) _keys[signature.KeyName] = KeyAsync(signature.KeyName);
        if (signature.Kind != SignatureKind.ArcSeal)
            _hashes[signature] = _pass.Want(signature.BodyForm, signature.Hash, signature.Length);
    }

    public void HashBody(SpooledBody body) => _pass.Run(body, _fields.BodyOffset);

    public async ValueTask<DkimVerdict> VerdictAsync(DkimSignature signature)
    {
        var outcome = await CheckAsync(signature);
        return new(outcome.Result, signature.Domain, signature.Selector, signature.Algorithm, signature.Identity,
            outcome.Problem, outcome.Testing)
        {
            Signature = signature.Abbreviated,
            IsPartial = outcome.IsPartial,
        };
    }

    /// <summary>RFC 6376 §6.1.2, 6.1.3 for DKIM and the message signature of ARC.</summary>
    public async ValueTask<SignatureOutcome> CheckAsync(DkimSignature signature)
    {
        if (Refusal(signature) is { } refusal) return refusal;
        var answer = await _keys[signature.KeyName];
        if (KeyRefusal(signature, answer) is { } unusable) return unusable;
        var key = answer.Key!;
        var hash = _hashes[signature];
        if (signature.Length > hash.Length) return new(DkimResult.PermError, "l= is more than the body has", key.IsTesting);
        if (!CryptographicOperations.FixedTimeEquals(hash.Value, signature.BodyHash))
            return new(DkimResult.Fail, "the body hash does not match", key.IsTesting);
        if (!key.Verify(HeaderHash(signature), signature.Hash, signature.Octets))
            return new(DkimResult.Fail, "the signature does not match", key.IsTesting);
        // RFC 6376 §8.2: what follows l= is nobody's word.
        var isPartial = signature.Length < hash.Length;
        var note = isPartial ? $"{hash.Length - signature.Length} octets of the body are not signed" : "";
        return new(DkimResult.Pass, note, key.IsTesting, isPartial);
    }

    /// <summary>RFC 8617 §5.1.1: checks a seal over the data that the chain's fields up to it make.</summary>
    public async ValueTask<SignatureOutcome> CheckSealAsync(DkimSignature seal, byte[] hash)
    {
        if (Refusal(seal) is { } refusal) return refusal;
        var answer = await _keys[seal.KeyName];
        if (KeyRefusal(seal, answer) is { } unusable) return unusable;
        return answer.Key!.Verify(hash, seal.Hash, seal.Octets) ? new(DkimResult.Pass, "") : new(DkimResult.Fail, "the seal does not match");
    }

    public void Dispose()
    {
        _pass.Dispose();
        _linked.Dispose();
        _timeout.Dispose();
    }

    // What the field and the clock alone decide; null when the key must be asked.
    private SignatureOutcome? Refusal(DkimSignature signature)
    {
        if (signature.Problem.Length > 0) return new(DkimResult.PermError, signature.Problem);
        if (_fields.IsCut) return new(DkimResult.PermError, "the header block is too large");
        // RFC 8301 §3.1: rsa-sha1 is not verified any more.
        if (signature.Algorithm == "rsa-sha1" && !_options.AllowSha1) return new(DkimResult.PermError, "rsa-sha1 is not accepted (RFC 8301)");
        if (signature.Kind != SignatureKind.Dkim) return null;
        if (_fields.CountOf("from"u8) == 0) return new(DkimResult.PermError, "there is no From");
        if (!_options.EnforceTimes) return null;
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        if (signature.Expiration <= now) return new(DkimResult.PermError, "the signature has expired");
        return _options.FutureTolerance is { } tolerance && signature.Timestamp > now + (long)tolerance.TotalSeconds
            ? new(DkimResult.PermError, "the signature was made in the future") : null;
    }

    private SignatureOutcome? KeyRefusal(DkimSignature signature, DkimKeyAnswer answer)
    {
        if (answer.Key is not { } key)
            return new(answer.Temporary ? DkimResult.TempError : DkimResult.PermError, answer.Problem);
        if (key.Unsupported) return new(DkimResult.Neutral, key.Problem, key.IsTesting);
        if (key.Problem.Length > 0) return new(DkimResult.PermError, key.Problem, key.IsTesting);
        if ((key.KeyType == "ed25519") != signature.IsEd25519)
            return new(DkimResult.PermError, "the key is of another algorithm", key.IsTesting);
        if (!key.Allows(signature.Hash)) return new(DkimResult.PermError, "the key does not allow this hash", key.IsTesting);
        // RFC 8301 §3.2: a signature with a small key is not valid, however well made.
        if (!signature.IsEd25519 && key.Bits < _options.MinimumRsaBits)
            return new(DkimResult.Policy, $"an RSA key of {key.Bits} bits, fewer than {_options.MinimumRsaBits}", key.IsTesting);
        // RFC 6376 §3.6.1 t=s
        if (signature.Kind == SignatureKind.Dkim && key.IsStrict && !signature.Identity.EndsWith("@" + signature.Domain, StringComparison.Ordinal))
            return new(DkimResult.PermError, "the key asks for i= in d= itself", key.IsTesting);
        return null;
    }

    // RFC 6376 §3.7, 5.4.2: the named fields from the bottom up, those that are missing as nothing, then the field itself.
    private byte[] HeaderHash(DkimSignature signature)
    {
        _signed.ResetWrittenCount();
        var selection = _fields.Select();
        var raw = _fields.Raw(signature.Field);
        var names = raw[signature.NamesPlace.From..signature.NamesPlace.To];
        foreach (var range in names.Split((byte)':'))
        {
            var field = selection.Next(names[range].Trim(" \t\r\n"u8));
            // RFC 6376 §3.7: never the signature itself, were it named.
            if (field == signature.Field) field = selection.Next(names[range].Trim(" \t\r\n"u8));
            if (field >= 0) CanonicalHeader.Write(_signed, _fields.Raw(field), signature.HeaderForm);
        }
        CanonicalHeader.WriteSignature(_signed, raw, signature.OctetsPlace.From, signature.OctetsPlace.To, signature.HeaderForm);
        return signature.Hash == HashAlgorithmName.SHA1
            ? SHA1.HashData(_signed.WrittenSpan) : SHA256.HashData(_signed.WrittenSpan);
    }

    private async Task<DkimKeyAnswer> KeyAsync(string name)
    {
        try
        {
            return await _lookup.FindAsync(name, _linked.Token).WaitAsync(_linked.Token);
        }
        catch (OperationCanceledException) when (!_cancel.IsCancellationRequested)
        {
            return new(null, true, "the key did not arrive in time");
        }
    }
}
