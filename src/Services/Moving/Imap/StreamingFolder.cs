using Aviso.Base;
using MailKit;
using MailKit.Net.Imap;

namespace Aviso.Moving;

/// <summary>A client whose folders give the octets of a message away while they come.</summary>
internal sealed class StreamingClient(ServerTail tail) : ImapClient(tail)
{
    protected override ImapFolder CreateImapFolder(ImapFolderConstructorArgs args) => new StreamingFolder(args);
}

/// <summary>A mailbox of the source.</summary>
internal sealed class StreamingFolder(ImapFolderConstructorArgs args) : ImapFolder(args)
{
    /// <summary>Where the octets of the next body go, by their number; null: into memory.</summary>
    public Func<long, Stream>? Into { get; set; }

    protected override Stream CreateStream(UniqueId? uid, string section, int offset, int length) =>
        Into?.Invoke(length) ?? base.CreateStream(uid, section, offset, length);
}

/// <summary>Writes into a body what is not there yet: a message is the same whenever it is fetched (RFC 9051 §2.3.1.1), so after a lost
/// connection it goes on where it was.</summary>
internal sealed class SpoolWriter(SpooledBody into) : Stream
{
    private long _skip = into.Length;
    private long _written;

    public override bool CanRead => false;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => _written;

    public override long Position
    {
        get => _written;
        set => _ = value;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _written += buffer.Length;
        var known = (int)Math.Min(_skip, buffer.Length);
        _skip -= known;
        into.Write(buffer[known..]);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => 0;

    public override long Seek(long offset, SeekOrigin origin) => _written;

    public override void SetLength(long value)
    {
    }
}
