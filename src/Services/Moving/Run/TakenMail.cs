using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>What was taken of one message.</summary>
/// <param name="Key">As in <see cref="SourceMessage.Key"/>.</param>
/// <param name="Uid">Where it is here; 0 when it went since, because it went there.</param>
/// <param name="Flags">Mark of flags and keywords as they were there.</param>
internal readonly record struct TakenMessage(UInt128 Key, uint Uid, ulong Flags)
{
    public const int Octets = 28;

    /// <summary>The same for the same flags and keywords, whatever their order and case.</summary>
    public static ulong MarkOf(SourceMessage message)
    {
        if (message.Keywords.Count == 0) return (ulong)message.Flags;
        var text = string.Join(' ', message.Keywords.Select(word => word.ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal));
        return BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{(int)message.Flags} {text}"))) | (
            1ul << 63);
    }
}

/// <summary>
/// What was taken of one source into one mailbox, in blocks that are documents of the account: a batch of messages and the block that notes
/// them are one transaction, so a run that ends anywhere finds what it had done.
/// </summary>
internal sealed class TakenMailbox(AccountId account, string label, MailboxId mailbox)
{
    /// <summary>Documents of this kind; name: label, mailbox, block.</summary>
    public const string Kind = "moved-in";

    private const int BlockMessages = 1024;
    private readonly List<TakenMessage> _all = [];
    private readonly Dictionary<UInt128, int> _byKey = [];
    private readonly HashSet<int> _dirty = [];

    public MailboxId Mailbox => mailbox;

    public string Label => label;

    public IReadOnlyList<TakenMessage> All => _all;

    public TakenMessage? Find(UInt128 key) => _byKey.TryGetValue(key, out var at) ? _all[at] : null;

    /// <summary>Every source's mail in this account, by label and mailbox.</summary>
    public static async Task<Dictionary<(string Label, MailboxId Mailbox), TakenMailbox>> LoadAsync(
        IDocumentRows rows, AccountId account, CancellationToken cancel)
    {
        var all = new Dictionary<(string, MailboxId), TakenMailbox>();
        foreach (var document in await rows.ListDocumentsAsync(account, Kind, cancel))
        {
            var parts = document.Key.Name.Split('/');
            if (parts.Length != 3 || !long.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out var id)) continue;
            var place = (parts[0], new MailboxId(id));
            if (!all.TryGetValue(place, out var taken)) all[place] = taken = new(account, parts[0], new(id));
            taken.Load(document.Value);
        }
        return all;
    }

    public void Set(TakenMessage message)
    {
        if (!_byKey.TryGetValue(message.Key, out var at))
        {
            at = _all.Count;
            _byKey[message.Key] = at;
            _all.Add(message);
        }
        else _all[at] = message;
        _dirty.Add(at / BlockMessages);
    }

    /// <summary>The blocks that were set since this was last asked.</summary>
    public IReadOnlyList<Document> TakeNotes(long now)
    {
        var documents = _dirty.Order().Select(block => new Document(
            new(account, Kind, string.Create(CultureInfo.InvariantCulture, $"{label}/{mailbox.Value:x}/{block:d8}")), Block(block), now))
                .ToList();
        _dirty.Clear();
        return documents;
    }

    /// <summary>As <see cref="TakeNotes"/> with these messages set; nothing of it stays when it is not written.</summary>
    public IReadOnlyList<Document> NotesWith(IReadOnlyList<TakenMessage> messages, long now)
    {
        foreach (var message in messages) Set(message);
        return TakeNotes(now);
    }

    private byte[] Block(int block)
    {
        var from = block * BlockMessages;
        var octets = new byte[(Math.Min(_all.Count, from + BlockMessages) - from) * TakenMessage.Octets];
        for (var (i, at) = (from, 0); at < octets.Length; i++, at += TakenMessage.Octets)
        {
            BinaryPrimitives.WriteUInt128LittleEndian(octets.AsSpan(at), _all[i].Key);
            BinaryPrimitives.WriteUInt32LittleEndian(octets.AsSpan(at + 16), _all[i].Uid);
            BinaryPrimitives.WriteUInt64LittleEndian(octets.AsSpan(at + 20), _all[i].Flags);
        }
        return octets;
    }

    private void Load(ReadOnlySpan<byte> octets)
    {
        for (; octets.Length >= TakenMessage.Octets; octets = octets[TakenMessage.Octets..])
        {
            var message = new TakenMessage(
                BinaryPrimitives.ReadUInt128LittleEndian(octets), BinaryPrimitives.ReadUInt32LittleEndian(octets[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(octets[20..]));
            if (_byKey.TryAdd(message.Key, _all.Count)) _all.Add(message);
        }
    }
}
