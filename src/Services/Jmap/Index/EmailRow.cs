using System.Runtime.InteropServices;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// An email as the account-wide picture holds it, in 52 octets. Where it is and which keywords it carries is asked of the
/// <see cref="AccountMail"/> that gave it.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
internal readonly record struct EmailRow
{
    /// <summary>In <see cref="Mailbox"/>: it has more than one entry, which are kept beside.</summary>
    public const ushort Several = ushort.MaxValue;

    private readonly long _id;
    private readonly long _thread;
    private readonly Int48 _receivedAt;
    private readonly Int48 _modSeq;
    private readonly Int48 _created;

    public EmailId Id
    {
        get => new(_id);
        init => _id = value.Value;
    }

    public ThreadId Thread
    {
        get => new(_thread);
        init => _thread = value.Value;
    }

    /// <summary>Unix seconds UTC: the internal date.</summary>
    public long ReceivedAt
    {
        get => _receivedAt;
        init => _receivedAt = value;
    }

    /// <summary>The account's modseq when the email last changed: its flags, or where it is.</summary>
    public long ModSeq
    {
        get => _modSeq;
        init => _modSeq = value;
    }

    /// <summary>The account's modseq when it came to be seen; 0: before such things were noted.</summary>
    public long CreatedModSeq
    {
        get => _created;
        init => _created = value;
    }

    /// <summary>By number in <see cref="KeywordTable"/>; the last bit: more beyond it, which are kept beside.</summary>
    public ulong Keywords { get; init; }

    public uint Size { get; init; }

    /// <summary>Of its only entry.</summary>
    public uint Uid { get; init; }

    /// <summary>Number of its only mailbox, or <see cref="Several"/>.</summary>
    public ushort Mailbox { get; init; }

    public bool IsSeen => (Keywords & KeywordTable.SeenBit) != 0;

    /// <summary>RFC 8621 §2: neither $seen nor $draft.</summary>
    public bool IsUnread => (Keywords & (KeywordTable.SeenBit | KeywordTable.DraftBit)) == 0;
}
