using System.Globalization;

namespace Aviso.Store.Copying;

/// <summary>What a store holds at one moment: counts, and for each table a digest of its rows in the order of their keys.</summary>
/// <param name="Commit">The number of the last numbered commit.</param>
/// <param name="Tables">Rows and SHA-256 (hexadecimal) by table. Left out: what is written without a number, and what follows from the
/// rest.</param>
public sealed record StoreDigest(long Commit, IReadOnlyDictionary<string, (long Rows, string Digest)> Tables)
{
    public long Accounts => Tables["account"].Rows;

    public long Mailboxes => Tables["mailbox"].Rows;

    /// <summary>Messages in mailboxes; one in two mailboxes counts twice.</summary>
    public long Messages => Tables["entry"].Rows;

    /// <summary>Tables in which the other differs from this, in words; empty when it is the same.</summary>
    public IReadOnlyList<string> Against(StoreDigest other) =>
        [.. Tables.Where(t => other.Tables[t.Key] != t.Value).Select(t => t.Value.Rows == other.Tables[t.Key].Rows
            ? string.Create(CultureInfo.InvariantCulture, $"{t.Key}: {t.Value.Rows} rows, not the same ones")
            : string.Create(CultureInfo.InvariantCulture, $"{t.Key}: {t.Value.Rows} rows against {other.Tables[t.Key].Rows}"))];
}
