using System.Text.Json.Serialization;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>One recipient of a message that was handed to a relay; times are Unix milliseconds UTC, 0 is never.</summary>
/// <param name="Account">Who submitted it; 0 for forwards and notices.</param>
/// <param name="Header">The fields that tell its author which message it was, at most 4 KiB.</param>
/// <param name="ToldAt">When its sender was told that it did not arrive.</param>
/// <param name="Fate">What the relay said last of it: a word of <see cref="RelayEventKind"/>, or empty.</param>
public sealed record HandedOver(
    string Relay, long Queue, string MessageId, string Recipient, string Sender, long Account, string EnvelopeId, DsnReturn Return,
    QueueNeeds Needs, DsnNotify Notify, string OriginalRecipient, long ArrivedAt, long HandedAt, byte[] Header, long ToldAt, string Fate)
{
    [JsonIgnore]
    public QueueId Id => new(Queue);

    /// <summary>As the queue knew it, for its notices.</summary>
    internal QueueMessage AsMessage => new(
        Id, Sender, Account == 0 ? null : new AccountId(Account), EnvelopeId,
        // The octets are gone: only the header is given back.
        DsnReturn.Headers, Needs & ~QueueNeeds.EightBit, QueuePriority.Person, ArrivedAt, long.MaxValue, MessageId);

    internal QueueRecipient AsRecipient => new(
        Id, 0, Recipient, Router.RelayPrefix + Relay, Notify, OriginalRecipient, QueueState.Waiting, "", 1, HandedAt, "", HandedAt, false);
}

[JsonSerializable(typeof(HandedOver))]
internal sealed partial class RelayJson : JsonSerializerContext;

/// <summary>A header that was kept, as a body that a notice quotes.</summary>
internal sealed class KeptHeader(byte[] octets) : StoredBody
{
    public override int PrefixLength => 0;

    public override long Length => octets.Length;

    public override int Read(long offset, Span<byte> into)
    {
        var count = (int)Math.Clamp(octets.Length - offset, 0, into.Length);
        octets.AsSpan((int)Math.Min(offset, octets.Length), count).CopyTo(into);
        return count;
    }

    protected override void Dispose(bool disposing)
    {
    }
}
