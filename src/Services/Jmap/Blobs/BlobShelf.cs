using System.Buffers;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Finds the octets that a blob id names: of messages, of their parts, of uploads, of Sieve scripts, of contact cards. Only what
/// is the account's.</summary>
internal sealed class BlobShelf(IMailStore store, Uploads uploads, ScriptBlobs scripts)
{
    private const int PieceSize = 32 * 1024;

    private readonly CardBlobs _cards = new(store);

    public Uploads Uploads => uploads;

    public ScriptBlobs Scripts => scripts;

    /// <summary>Null when there is no such blob in the account, or it is of mail that the user may not see.</summary>
    /// <exception cref="SpoolFullException">There is no room to undo a part's encoding now.</exception>
    public async Task<Blob?> OpenAsync(JmapUser user, AccountId account, string id, CancellationToken cancel)
    {
        if (!BlobId.TryParse(id, out var blob)) return null;
        if (blob.Kind == BlobKind.Upload) return OpenUpload(account, blob);
        if (!user.SeesMail) return null;
        if (blob.Kind == BlobKind.Script) return await scripts.OpenAsync(account, blob, cancel);
        if (blob.Kind == BlobKind.Card) return await _cards.OpenAsync(account, blob, cancel);
        var email = new EmailId(blob.Value);
        if (blob.Kind == BlobKind.Part) return await OpenPartAsync(account, email, blob.Part, cancel);
        return await store.OpenBodyAsync(account, email, cancel) is { } body ? new MessageBlob(body) : null;
    }

    private Blob? OpenUpload(AccountId account, in BlobId id)
    {
        var upload = uploads.Open(account, id.Value);
        if (upload is null || id.Part.Length == 0) return upload;
        using (upload)
        {
            using var whole = store.Spool.Make(upload.CopyTo);
            return BodyPart.Of(MessageOctets.Of(whole).Root).Find(id.Part) is { } part ? Decoded(whole.Read, 0, part.Mime) : null;
        }
    }

    private async Task<Blob?> OpenPartAsync(AccountId account, EmailId email, string number, CancellationToken cancel)
    {
        if ((await store.EmailsAsync(account, [email], cancel))[0] is not { } stored) return null;
        if (!PartIndex.TryRead(stored.Rendered.Parts, out var root) || BodyPart.Of(root).Find(number) is not { } part) return null;
        using var body = await store.OpenBodyAsync(account, email, cancel);
        return body is null ? null : Decoded(body.Read, body.PrefixLength, part.Mime);
    }

    /// <param name="begin">Where the offsets of the part count from.</param>
    private PartBlob Decoded(ReadOctets read, long begin, MimePart part) =>
        new(store.Spool.Make(into => Decode(read, begin, part, into)));

    private static void Decode(ReadOctets read, long begin, MimePart part, SpooledBody into)
    {
        var (decoder, decoded) = (TransferDecoder.For(part.Encoding), new ArrayBufferWriter<byte>(PieceSize));
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            var at = begin + part.BodyOffset;
            for (var left = part.BodyLength; left > 0;)
            {
                var count = read(at, piece.AsSpan(0, (int)Math.Min(piece.Length, left)));
                if (count == 0) break;
                decoder.Decode(piece.AsSpan(0, count), decoded);
                into.Write(decoded.WrittenSpan);
                decoded.ResetWrittenCount();
                (at, left) = (at + count, left - count);
            }
            decoder.Finish(decoded);
            into.Write(decoded.WrittenSpan);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }
}
