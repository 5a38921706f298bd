// Moving owns coming here from another server and going back: reading what other programs keep (rooms Dovecot and Mailserver), one
// account's
// mail as a source whatever its form (Sources), what a move would do (Plan), doing it again and again until both sides are equal (Run),
// and writing what other programs read (Export). What was taken is noted in the store, in the transaction that takes it.
// Rules: a source is never written to; nothing of it is believed, sizes and counts are bounded; what cannot be carried is said with its
// place; a run that is ended anywhere goes on where it was and doubles nothing.
using System.Text.Json.Serialization;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>How much a note says about what will happen.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NoteKind>))]
public enum NoteKind
{
    /// <summary>It comes along, and this is worth knowing.</summary>
    Carried,

    /// <summary>It comes along and means something else afterwards.</summary>
    Changed,

    /// <summary>It cannot come along.</summary>
    Lost,

    /// <summary>Something at the source is not as it ought to be.</summary>
    Damaged,
}

/// <summary>Something a person should know before or after a move.</summary>
/// <param name="Place">File and line, folder or name that it is about.</param>
public sealed record MoveNote(NoteKind Kind, string Place, string Text);

/// <summary>A mailbox where mail comes from.</summary>
/// <param name="Name">What it is called here.</param>
/// <param name="Shown">What clients of the old server saw.</param>
/// <param name="UidValidity">0: the source has none that holds.</param>
/// <param name="UidNext">0: not known.</param>
/// <param name="Place">Where the source finds it again.</param>
public sealed record SourceMailbox(string Name, string Shown, uint UidValidity, uint UidNext, string Place);

/// <summary>A message where it comes from.</summary>
/// <param name="Uid">0: it has none.</param>
/// <param name="Key">What the message is known by in its mailbox, in every later run.</param>
/// <param name="InternalDate">Unix seconds UTC.</param>
/// <param name="Size">RFC822.SIZE where the source knows it; -1 otherwise.</param>
/// <param name="Place">Where the source finds its octets.</param>
/// <param name="Offset">From where in it.</param>
public sealed record SourceMessage(
    uint Uid, UInt128 Key, SystemFlags Flags, IReadOnlyList<string> Keywords, long InternalDate, long Size, string Place, long Offset = 0)
{
    /// <summary>Its source says that nothing of it changed since it was taken; flags and date are not given.</summary>
    public bool IsAsTaken { get; init; }
}

/// <summary>What the last run saw of a mailbox.</summary>
/// <param name="ModSeq">HIGHESTMODSEQ before its messages were listed.</param>
/// <param name="IsTaken">Was the message of this key taken?</param>
public sealed record SeenMailbox(uint UidValidity, ulong ModSeq, Func<UInt128, bool> IsTaken);

/// <summary>What could not be read; the message names the place and what is wrong with it.</summary>
public class SourceException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>The source as a whole can no longer be read: there is no use in asking for the next message.</summary>
public sealed class SourceLostException(string message, Exception? inner = null) : SourceException(message, inner);

/// <summary>
/// The mail of one account somewhere else. It is read only, each mailbox when it is asked for, and again in each run.
/// </summary>
public abstract class MailSource : IDisposable
{
    /// <summary>Kind of the source: messages of one kind and place are compared with what was taken before.</summary>
    public abstract string Kind { get; }

    /// <summary>Where it is, for people.</summary>
    public abstract string Place { get; }

    public List<MoveNote> Notes { get; } = [];

    public abstract IReadOnlyList<SourceMailbox> Mailboxes { get; }

    /// <summary>Names as here; null when the source says nothing of subscriptions.</summary>
    public virtual IReadOnlyList<string>? Subscriptions => null;

    /// <summary>Sieve scripts by name, and the active one's name.</summary>
    public virtual SourceScripts Scripts => SourceScripts.None;

    /// <summary>What clients saw between levels of names; null: the source does not know.</summary>
    public virtual char? Separator => null;

    /// <summary>What clients saw before every name but INBOX.</summary>
    public virtual string Prefix => "";

    /// <summary>Mailboxes that the source itself marks (RFC 6154 §2), names as here; names tell the rest.</summary>
    public virtual IReadOnlyDictionary<SpecialUse, string> Uses => NoUses;

    private static readonly Dictionary<SpecialUse, string> NoUses = [];

    /// <summary>A mailbox of here that is missing there was deleted there; false where a source only ever adds (an archive).</summary>
    public virtual bool TellsOfDeletion => true;

    /// <summary>A message may be in another mailbox in a later copy of the source: what was taken into any is here.</summary>
    public virtual bool MovesByItself => false;

    /// <summary>All messages of a mailbox; those with UIDs in their order, first.</summary>
    /// <exception cref="SourceException">It cannot be read.</exception>
    public abstract IReadOnlyList<SourceMessage> Read(SourceMailbox mailbox, CancellationToken cancel);

    /// <summary>Writes the octets that a client would get.</summary>
    /// <exception cref="SourceException">It cannot be read, or is not what it says it is.</exception>
    public abstract void Copy(SourceMessage message, SpooledBody into, CancellationToken cancel);

    /// <summary>These are asked for next, in this order: a source far away may fetch several at once.</summary>
    public virtual void Announce(IReadOnlyList<SourceMessage> coming)
    {
    }

    /// <summary>Where a message is, for people.</summary>
    public virtual string Tell(SourceMessage message) => message.Place;

    /// <summary>What an earlier run saw of a mailbox: a source that can tell reads only what changed since.</summary>
    public virtual void Recall(SourceMailbox mailbox, SeenMailbox seen)
    {
    }

    /// <summary>To be recalled by a later run, once all that was last read of the mailbox is taken; null: nothing.</summary>
    public virtual (uint UidValidity, ulong ModSeq)? SeenOf(SourceMailbox mailbox) => null;

    /// <summary>The key is of a numbering that holds no more: what was taken under it cannot be compared.</summary>
    public virtual bool IsOutdated(SourceMailbox mailbox, UInt128 key) => false;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <param name="Active">Null: none runs.</param>
public sealed record SourceScripts(IReadOnlyDictionary<string, byte[]> ByName, string? Active)
{
    public static readonly SourceScripts None = new(new Dictionary<string, byte[]>(), null);
}
