using System.IO.Compression;
using Aviso.Base;

namespace Aviso.Moving;

/// <summary>
/// Opens what Dovecot's plugins made of a message: gzip and LZ4 (zlib plugin), and what mail_crypt encrypted when its key is here. Others
/// are
/// named, and their files stay where they are.
/// </summary>
public sealed class BodyOpener(MailCrypt? keys = null) : IDisposable
{
    /// <summary>Octets that a packed message may become.</summary>
    public const long MostOctets = 1L << 30;

    /// <summary>Why a file whose size is not the one of its name cannot be opened; null: it can.</summary>
    internal string? WhyNot(Fence within, string path, in MaildirName name)
    {
        try
        {
            using var file = within.Open(path);
            return KindOf(file) switch
            {
                PackKind.None => $"has {file.Length} octets, its name says {name.Size}: was it copied whole?",
                PackKind.Gzip or PackKind.DovecotLz4 => null,
                PackKind.MailCrypt => keys is null ? "is encrypted by mail_crypt; say where its private key is with --keys" : null,
                var other => $"is {Packing.Word(other)}, which cannot be opened",
            };
        }
        catch (FileNotFoundException)
        {
            // Renamed meanwhile: reading finds it.
            return null;
        }
        catch (SourceException e)
        {
            return e.Message;
        }
    }

    /// <summary>Writes the message as clients got it.</summary>
    /// <exception cref="SourceException">It is packed in a way that cannot be opened, or is not what its name says.</exception>
    internal void Copy(SourceStream file, in MaildirName name, SpooledBody into)
    {
        switch (KindOf(file))
        {
            case PackKind.None:
                if (name.Size >= 0 && file.Length != name.Size)
                    throw new SourceException($"{file.Name} has {file.Length} octets, its name says {name.Size}: was it copied whole?");
                // Where both sizes are one, every line ends with CRLF or the octets are meant as they are.
                if (name.WireSize >= 0 && name.WireSize == file.Length) WireText.Copy(file, into);
                else WireText.CopyWithCrLf(file, into);
                return;
            case PackKind.MailCrypt when keys is not null:
                using (var plain = new MemoryStream(keys.Open(file, file.Name), writable: false)) Unpack(plain, file.Name, name, into);
                return;
            case PackKind.MailCrypt:
                throw new SourceException($"{file.Name} is encrypted by mail_crypt; say where its private key is with --keys");
            default:
                Unpack(file, file.Name, name, into);
                return;
        }
    }

    private static void Unpack(Stream packed, string path, in MaildirName name, SpooledBody into)
    {
        try
        {
            using var opened = Opened(packed, path);
            using var plain = new BoundedStream(opened, MostOctets, path);
            if (name.Size >= 0 && name.Size == name.WireSize) WireText.Copy(plain, into);
            else WireText.CopyWithCrLf(plain, into);
            if (name.Size >= 0 && plain.Taken != name.Size)
                throw new SourceException($"{path} unpacks to {plain.Taken} octets, its name says {name.Size}");
        }
        catch (InvalidDataException e)
        {
            throw new SourceException($"{path} is packed and damaged: {e.Message}", e);
        }
    }

    private static Stream Opened(Stream packed, string path) => KindOf(packed) switch
    {
        PackKind.None => packed,
        PackKind.Gzip => new GZipStream(packed, CompressionMode.Decompress, leaveOpen: true),
        PackKind.DovecotLz4 => new DovecotLz4(packed, path),
        var other => throw new SourceException($"{path} is {Packing.Word(other)}, which cannot be opened"),
    };

    private static PackKind KindOf(Stream file)
    {
        Span<byte> head = stackalloc byte[16];
        var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return Packing.Of(head[..read]);
    }

    public void Dispose() => keys?.Dispose();
}

/// <summary>How a file of mail was packed.</summary>
public enum PackKind
{
    None, Gzip, Bzip2, Zstandard, Xz, DovecotLz4, MailCrypt,
}

/// <summary>The first octets of packed files.</summary>
public static class Packing
{
    public static PackKind Of(ReadOnlySpan<byte> head) =>
        head is [0x1f, 0x8b, 0x08, ..] ? PackKind.Gzip
        : head.StartsWith("BZh"u8) && head.Length > 4 && head[4] == 0x31 ? PackKind.Bzip2
        : head is [0x28, 0xb5, 0x2f, 0xfd, ..] ? PackKind.Zstandard
        : head is [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] ? PackKind.Xz
        : head.StartsWith("Dovecot-LZ4"u8) ? PackKind.DovecotLz4
        : head.StartsWith("CRYPTED\u0003\u0007"u8) ? PackKind.MailCrypt : PackKind.None;

    public static string Word(PackKind kind) => kind switch
    {
        PackKind.Gzip => "packed by gzip",
        PackKind.Bzip2 => "packed by bzip2",
        PackKind.Zstandard => "packed by zstd",
        PackKind.Xz => "packed by xz",
        PackKind.DovecotLz4 => "packed by LZ4",
        PackKind.MailCrypt => "encrypted by mail_crypt",
        _ => "plain",
    };
}

/// <summary>Gives out at most so many octets: what unpacks without end is a trap.</summary>
internal sealed class BoundedStream(Stream inner, long most, string name) : Stream
{
    public long Taken { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => Taken;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        Taken += read;
        return Taken <= most ? read : throw new SourceException($"{name} unpacks to more than {most} octets");
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
