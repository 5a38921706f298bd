using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>Octets of a message, or of a part that took the place of another, and what <see cref="MimeScanner"/> found in them.</summary>
internal sealed class MessageSource
{
    private readonly SpooledBody? _body;
    private readonly byte[] _octets = [];

    /// <summary>The message as received.</summary>
    public MessageSource(SpooledBody body, MimePart root) => (_body, Root) = (body, root);

    /// <summary>What a script made.</summary>
    public MessageSource(byte[] octets)
    {
        var scanner = new MimeScanner();
        scanner.Append(octets);
        (_octets, Root) = (octets, scanner.Finish());
    }

    public MimePart Root { get; }

    public bool IsReceived => _body is not null;

    public long Length => _body?.Length ?? _octets.Length;

    /// <summary>Fewer octets than asked for when there are no more.</summary>
    public byte[] Read(long offset, int length)
    {
        if (_body is null) return _octets.AsSpan(
            (int)Math.Min(offset, _octets.Length))[..(int)Math.Clamp(_octets.Length - offset, 0, length)].ToArray();
        var octets = new byte[length];
        var at = 0;
        while (at < length)
        {
            var read = _body.Read(offset + at, octets.AsSpan(at));
            if (read == 0) return octets[..at];
            at += read;
        }
        return octets;
    }
}
