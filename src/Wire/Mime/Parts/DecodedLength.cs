using System.Buffers;

namespace Aviso.Mime;

/// <summary>
/// How many octets a part has once its Content-Transfer-Encoding is undone, as <see cref="TransferDecoder"/> undoes it, without the
/// octets. Base64 is counted at the speed of looking, since attachments are large; quoted-printable is undone and forgotten.
/// </summary>
public sealed class DecodedLength
{
    private static readonly SearchValues<byte> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8);

    private readonly bool _base64;
    private readonly TransferDecoder? _decoder;
    private readonly ArrayBufferWriter<byte>? _into;
    private long _octets;
    private long _letters;

    /// <param name="encoding">Lower case; one that is not known undoes nothing.</param>
    public DecodedLength(string encoding)
    {
        _base64 = encoding == "base64";
        if (encoding != "quoted-printable") return;
        _decoder = TransferDecoder.For(encoding);
        _into = new(4096);
    }

    /// <summary>The next octets of the encoded part.</summary>
    public void Append(ReadOnlySpan<byte> octets)
    {
        if (_base64) Base64(octets);
        else if (_decoder is null) _octets += octets.Length;
        else
        {
            _decoder.Decode(octets, _into!);
            Forget();
        }
    }

    /// <summary>The part is whole.</summary>
    public long Finish()
    {
        EndGroup();
        if (_decoder is not null)
        {
            _decoder.Finish(_into!);
            Forget();
        }
        return _octets;
    }

    private void Forget()
    {
        _octets += _into!.WrittenCount;
        _into.ResetWrittenCount();
    }

    private void Base64(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            var run = octets.IndexOfAnyExcept(Alphabet);
            _letters += run < 0 ? octets.Length : run;
            if (run < 0) return;
            if (octets[run] == '=') EndGroup();
            octets = octets[(run + 1)..];
        }
    }

    // RFC 2045 §6.8: two letters of an open group are one octet, three are two.
    private void EndGroup()
    {
        _octets += (_letters / 4 * 3) + Math.Max(0, (_letters % 4) - 1);
        _letters = 0;
    }
}
