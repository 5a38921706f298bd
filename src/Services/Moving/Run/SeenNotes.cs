using System.Buffers.Binary;
using System.Globalization;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>Up to which change each mailbox of a source was taken (RFC 7162 §3.1), one document a mailbox.</summary>
internal static class SeenNotes
{
    /// <summary>Documents of this kind; name: label, mailbox.</summary>
    public const string Kind = "moved-in-seen";

    private const int Octets = 12;

    public static async Task<Dictionary<MailboxId, (uint UidValidity, ulong ModSeq)>> LoadAsync(
        IDocumentRows rows, AccountId account, string label, CancellationToken cancel)
    {
        var all = new Dictionary<MailboxId, (uint, ulong)>();
        foreach (var document in await rows.ListDocumentsAsync(account, Kind, cancel))
        {
            var parts = document.Key.Name.Split('/');
            if (parts.Length == 2 && parts[0] == label && document.Value.Length == Octets
                && long.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id))
                all[new(id)] = (BinaryPrimitives.ReadUInt32LittleEndian(document.Value),
                    BinaryPrimitives.ReadUInt64LittleEndian(document.Value.AsSpan(4)));
        }
        return all;
    }

    public static Task SaveAsync(
        IDocumentRows rows, AccountId account, string label, MailboxId mailbox, (uint UidValidity, ulong ModSeq) seen, long now,
            CancellationToken cancel)
    {
        var octets = new byte[Octets];
        BinaryPrimitives.WriteUInt32LittleEndian(octets, seen.UidValidity);
        BinaryPrimitives.WriteUInt64LittleEndian(octets.AsSpan(4), seen.ModSeq);
        var name = string.Create(CultureInfo.InvariantCulture, $"{label}/{mailbox.Value:x}");
        return rows.ChangeDocumentsAsync([new(new(account, Kind, name), octets, now)], [], cancel);
    }
}
