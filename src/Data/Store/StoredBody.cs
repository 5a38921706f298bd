namespace Aviso.Store;

/// <summary>What is kept about an email beside its octets.</summary>
public sealed record StoredEmail(EmailId Id, ThreadId Thread, Rendered Rendered, int PrefixLength, long Size);

/// <summary>What <see cref="IEntries.ShowEmailsAsync"/> reads; thread and envelope always.</summary>
public enum ShownColumns
{
    Envelope,
    BodyStructure,

    /// <summary>Both structures and the preview.</summary>
    All,

    /// <summary>What SEARCH, SORT and THREAD compare: dates, subject and ids.</summary>
    Keys,

    /// <summary>What a list of messages shows: parts and preview.</summary>
    Summary,
}

/// <summary>Columns of one email where the database holds them; what was not asked for is empty. Texts are UTF-8; see
/// <see cref="Rendered"/> for what they mean.</summary>
public readonly ref struct ShownEmail
{
    public ThreadId Thread { get; init; }

    public ReadOnlySpan<byte> Envelope { get; init; }

    public ReadOnlySpan<byte> BodyStructure { get; init; }

    public ReadOnlySpan<byte> Body { get; init; }

    public ReadOnlySpan<byte> Parts { get; init; }

    public ReadOnlySpan<byte> Preview { get; init; }

    public long? SentDate { get; init; }

    public ReadOnlySpan<byte> BaseSubject { get; init; }

    public ReadOnlySpan<byte> MessageId { get; init; }

    /// <summary>One a line.</summary>
    public ReadOnlySpan<byte> References { get; init; }
}

public delegate void ShowEmail(int place, in ShownEmail email);

/// <summary>A stored message open for reading: prefix, then body.</summary>
public abstract class StoredBody : IDisposable
{
    /// <summary>Octets of the prefix (Return-Path and trace fields).</summary>
    public abstract int PrefixLength { get; }

    /// <summary>Octets in all, prefix included.</summary>
    public abstract long Length { get; }

    /// <summary>What opening found wrong (cut short, another record in its place); null when nothing is. Then reading throws.</summary>
    public virtual string? Fault => null;

    /// <summary>Reads all of it against its checksum: what is wrong, or null. For who gives out the whole message.</summary>
    public virtual string? Prove() => Fault;

    /// <summary>Reads from any offset into <paramref name="into"/>; returns octets read, 0 at the end.</summary>
    /// <exception cref="DamagedBodyException">The octets are not those that were stored.</exception>
    public abstract int Read(long offset, Span<byte> into);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

/// <summary>The octets of a stored message are not on the disk as they were written. One message is hurt, nothing else.</summary>
public sealed class DamagedBodyException(string reason) : IOException("the stored message is damaged: " + reason);
