using System.Diagnostics.CodeAnalysis;

namespace Aviso.Store.Sqlite;

/// <summary>Reads entries as <see cref="Statements.EntryColumns"/> lists them.</summary>
internal static class EntryColumns
{
    public static Entry Read(Statement row) => new(
        (uint)row.Int(0), new((SystemFlags)row.Int(1), new UInt128((ulong)row.Int(3), (ulong)row.Int(2))), row.Int(4),
        new(row.Int(5)), row.Int(6), row.Int(7), row.Int(8));
}

/// <summary>The columns of `email` that Mime wrote, in the order of the catalogue.</summary>
internal static class RenderedColumns
{
    public static void Bind(Statement row, Rendered rendered)
    {
        row.Add(rendered.Version).Add(rendered.Envelope).Add(rendered.BodyStructure).Add(rendered.Body).Add(rendered.Parts)
            .Add(rendered.Preview).Add(rendered.MessageId)
            .Add(rendered.References.Count == 0 ? "" : string.Join('\n', rendered.References))
            .Add(rendered.BaseSubject).Add(rendered.SentDate).Add(rendered.HeaderSize);
    }

    public static Rendered Read(Statement row, int first)
    {
        var references = row.Text(first + 7);
        return new((int)row.Int(first), row.Bytes(first + 1), row.Bytes(first + 2), row.Bytes(first + 3), row.Bytes(first + 4),
            row.Text(first + 5))
        {
            MessageId = row.Text(first + 6),
            References = references.Length == 0 ? [] : references.Split('\n'),
            BaseSubject = row.Text(first + 8),
            SentDate = row.IntOrNull(first + 9),
            HeaderSize = row.Int(first + 10),
        };
    }
}

/// <summary>
/// Threads: messages of an account that name one another by Message-ID are one thread. A message joins the thread of the
/// first of its references that is known; threads are never joined later, since THREADID does not change (RFC 8474 §5.2).
/// </summary>
internal static class ThreadKeys
{
    /// <summary>Looked at and kept of one message; more add work for a stranger to give us.</summary>
    private const int MostReferences = 20;

    public static long Join(Connection db, long account, long email, Rendered rendered)
    {
        var references = rendered.References.Count == 0 ? rendered.RepliedTo : rendered.References;
        if (references.Count == 0) return JoinAlone(db, account, email, rendered.MessageId);
        var hashes = new HashSet<long>();
        if (rendered.MessageId.Length > 0) hashes.Add(Hash(rendered.MessageId));
        for (var i = Math.Max(0, references.Count - MostReferences); i < references.Count; i++)
            if (references[i].Length > 0) hashes.Add(Hash(references[i]));
        hashes.Add(Hash(references[0]));
        foreach (var id in rendered.RepliedTo.Take(MostReferences)) hashes.Add(Hash(id));
        long? thread = null;
        foreach (var hash in hashes)
            thread ??= db.Use(Statements.FindThread).Add(account).Add(hash).Number();
        foreach (var hash in hashes)
            db.Use(Statements.KeepThread).Add(account).Add(hash).Add(thread ?? email).Run();
        return thread ?? email;
    }

    private static long JoinAlone(Connection db, long account, long email, string messageId)
    {
        if (messageId.Length == 0) return email;
        var hash = Hash(messageId);
        var fresh = db.Use(Statements.KeepThread).Add(account).Add(hash).Add(email).RunCounting() > 0;
        return fresh ? email : db.Use(Statements.FindThread).Add(account).Add(hash).Number() ?? email;
    }

    /// <summary>FNV-1a, 64 bits, frozen: it is on disk. A clash only shows two messages as one thread.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "not a secret")]
    public static long Hash(string messageId)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in messageId) hash = (hash ^ c) * 1099511628211UL;
        return (long)hash;
    }
}
