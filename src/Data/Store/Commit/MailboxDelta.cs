namespace Aviso.Store.Commit;

/// <summary>What one commit changed in one mailbox; views follow it.</summary>
internal sealed class MailboxDelta
{
    public required long Account { get; init; }

    public required long Mailbox { get; init; }

    /// <summary>Entries new in this mailbox, UIDs ascending and higher than all before.</summary>
    public List<Entry> Added { get; } = [];

    /// <summary>Entries with changed flags, as they are now.</summary>
    public List<Entry> Changed { get; } = [];

    public List<uint> Removed { get; } = [];

    public bool Gone { get; set; }

    // As of the end of the commit:
    public uint UidNext { get; set; }

    public uint FirstRecent { get; set; }

    public long HighestModSeq { get; set; }

    public string[]? Keywords { get; set; }
}
