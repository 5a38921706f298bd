namespace Aviso.Store.Blobs;

/// <summary>A target as the record keeps it: enough to bring the entry back when the database is lost.</summary>
internal sealed record RecordTarget(
    long Account, string Address, long Email, string Mailbox, SystemFlags Flags, IReadOnlyList<string> Keywords,
    long InternalDate, ReadOnlyMemory<byte> Prefix);

/// <summary>What stands between header and body of a record: who it was stored for.</summary>
internal sealed record BodyMetadata(IReadOnlyList<RecordTarget> Targets, long QueueId, QueueSubmission? Queue, long ArrivedAt)
{
    private const byte Version = 1;

    public void Write(FieldWriter to)
    {
        to.Byte(Version);
        to.Long(ArrivedAt);
        to.Int(Targets.Count);
        foreach (var target in Targets)
        {
            to.Long(target.Account);
            to.Text(target.Address);
            to.Long(target.Email);
            to.Text(target.Mailbox);
            to.Byte((byte)target.Flags);
            to.Int(target.Keywords.Count);
            foreach (var keyword in target.Keywords) to.Text(keyword);
            to.Long(target.InternalDate);
            to.Octets(target.Prefix.Span);
        }
        to.Long(Queue is null ? 0 : QueueId);
        if (Queue is not null) WriteQueue(to, Queue);
    }

    /// <summary>Null for octets of another version or form.</summary>
    public static BodyMetadata? Read(ReadOnlySpan<byte> octets)
    {
        var from = new FieldReader(octets);
        if (from.Byte() != Version) return null;
        var arrivedAt = from.Long();
        var targets = new List<RecordTarget>();
        for (var left = from.Count(); left > 0; left--)
        {
            targets.Add(new(
                from.Long(), from.Text(), from.Long(), from.Text(), (SystemFlags)from.Byte(), ReadTexts(ref from), from.Long(),
                from.Octets().ToArray()));
        }
        var queueId = from.Long();
        var queue = queueId == 0 ? null : ReadQueue(ref from);
        return from.Bad ? null : new(targets, queueId, queue, arrivedAt);
    }

    private static void WriteQueue(FieldWriter to, QueueSubmission queue)
    {
        to.Text(queue.Sender);
        to.Long(queue.Account?.Value ?? 0);
        to.Text(queue.EnvelopeId);
        to.Byte((byte)queue.Return);
        to.Byte((byte)queue.Needs);
        to.Byte((byte)queue.Priority);
        to.Octets(queue.Prefix.Span);
        to.Int(queue.Recipients.Count);
        foreach (var recipient in queue.Recipients)
        {
            to.Text(recipient.Address);
            to.Text(recipient.Destination);
            to.Byte((byte)recipient.Notify);
            to.Text(recipient.OriginalRecipient);
            to.Long(recipient.DueAt);
        }
    }

    private static QueueSubmission ReadQueue(ref FieldReader from)
    {
        var sender = from.Text();
        var account = from.Long();
        var envelopeId = from.Text();
        var dsn = (DsnReturn)from.Byte();
        var needs = (QueueNeeds)from.Byte();
        var priority = (QueuePriority)from.Byte();
        var prefix = from.Octets().ToArray();
        var recipients = new List<QueueTarget>();
        for (var left = from.Count(); left > 0; left--)
            recipients.Add(new(from.Text(), from.Text(), (DsnNotify)from.Byte(), from.Text(), from.Long()));
        return new(sender, account == 0 ? null : new AccountId(account), envelopeId, dsn, needs, priority, prefix, recipients);
    }

    private static List<string> ReadTexts(ref FieldReader from)
    {
        var texts = new List<string>();
        for (var left = from.Count(); left > 0; left--) texts.Add(from.Text());
        return texts;
    }
}
