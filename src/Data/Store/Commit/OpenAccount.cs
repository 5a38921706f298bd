namespace Aviso.Store.Commit;

/// <summary>An account as the committing thread sees it: rows plus what the running transaction has changed so far.</summary>
internal sealed class OpenAccount
{
    public required AccountRow Row { get; set; }

    public required long ModSeq { get; set; }

    public required long Octets { get; set; }

    public required long Messages { get; set; }

    public Dictionary<string, OpenMailbox> ByName { get; } = new(StringComparer.Ordinal);

    public Dictionary<long, OpenMailbox> ById { get; } = [];

    public bool Dirty { get; set; }

    public long Id => Row.Id.Value;

    /// <summary>The mailbox; RFC 9051 §5.1: INBOX in any case.</summary>
    public OpenMailbox? Find(string name) => ByName.GetValueOrDefault(MailboxName.Canonical(name));

    public bool IsOver(long more) => Row.QuotaOctets > 0 && Octets + more > Row.QuotaOctets;

    public void Add(OpenMailbox mailbox)
    {
        ByName.Add(mailbox.Name, mailbox);
        ById.Add(mailbox.Id, mailbox);
    }
}

/// <summary>A mailbox with its counters.</summary>
internal sealed class OpenMailbox
{
    public required long Id { get; init; }

    public required string Name { get; set; }

    public required SpecialUse Use { get; set; }

    public required uint UidValidity { get; init; }

    public uint UidNext { get; set; } = 1;

    public uint FirstRecent { get; set; } = 1;

    public long HighestModSeq { get; set; }

    public int Entries { get; set; }

    public int Unseen { get; set; }

    public int Deleted { get; set; }

    public long Octets { get; set; }

    /// <summary>When it came to be; what leaves the account before anybody heard of it is not told.</summary>
    public long CreatedModSeq { get; init; }

    /// <summary>The last change of what it is called and shown as.</summary>
    public long TreeModSeq { get; set; }

    /// <summary>Where clients show it among its siblings (RFC 8621 §2), below 2^31.</summary>
    public int SortOrder { get; set; }

    public List<string> Keywords { get; } = [];

    public bool Dirty { get; set; }

    /// <summary>The names of these numbers.</summary>
    public List<string> KeywordNames(UInt128 mask)
    {
        var names = new List<string>();
        for (var number = 0; mask != 0 && number < Keywords.Count; number++, mask >>= 1)
            if ((mask & 1) != 0) names.Add(Keywords[number]);
        return names;
    }

    /// <summary>Adds (1) or takes away (-1) an entry's share of the counters.</summary>
    public void Count(SystemFlags flags, long size, int sign)
    {
        Entries += sign;
        Octets += sign * size;
        CountFlags(flags, sign);
    }

    public void CountFlags(SystemFlags flags, int sign)
    {
        if ((flags & SystemFlags.Seen) == 0) Unseen += sign;
        if ((flags & SystemFlags.Deleted) != 0) Deleted += sign;
    }
}

/// <summary>Rules for names of mailboxes.</summary>
internal static class MailboxName
{
    public const char Separator = '/';
    public const int MaxLength = 1000;
    public const int MaxDepth = 32;

    /// <summary>"INBOX" in capitals, also as the first level.</summary>
    public static string Canonical(string name)
    {
        if (!name.StartsWith("inbox", StringComparison.OrdinalIgnoreCase)) return name;
        return name.Length == 5 ? "INBOX" : name[5] == Separator ? "INBOX" + name[5..] : name;
    }

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength && name[0] != Separator && name[^1] != Separator
        && !name.Contains("//", StringComparison.Ordinal) && name.AsSpan().Count(Separator) < MaxDepth
        && !name.AsSpan().ContainsAnyInRange('\0', '\x1f');

    public static bool IsBelow(string name, string parent) =>
        name.Length > parent.Length && name[parent.Length] == Separator && name.StartsWith(parent, StringComparison.Ordinal);
}
