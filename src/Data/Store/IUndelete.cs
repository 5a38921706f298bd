namespace Aviso.Store;

/// <summary>Mail that left its last mailbox and can be had back until the undelete window is over (StoreOptions.UndeleteWindow).</summary>
public interface IUndelete
{
    TimeSpan UndeleteWindow { get; }

    /// <summary>What an account expunged since then (Unix seconds UTC; also with a mailbox that was deleted), youngest first.</summary>
    /// <param name="mailbox">Only what was in the one of this name, in any case of ASCII letters; null: anywhere.</param>
    /// <param name="emails">Only these; null: all.</param>
    Task<IReadOnlyList<ExpungedEmail>> ListExpungedAsync(
        AccountId account, long since, int most, CancellationToken cancel, string? mailbox = null, IReadOnlyList<EmailId>? emails = null);

    /// <summary>
    /// Puts emails back, all in one transaction: with their flags but \Deleted, their keywords as far as the mailbox can have them, and
    /// their INTERNALDATE, under a new UID. What is not (or no more) expunged is left out, so that the same call twice makes no second
    /// copy.
    /// </summary>
    /// <param name="into">Name of a mailbox; null: where each was, which is made again when it is gone.</param>
    /// <returns>OverQuota and NoSuchMailbox: nothing came back.</returns>
    Task<Outcome<IReadOnlyList<BroughtBack>>> BringBackAsync(
        AccountId account, IReadOnlyList<EmailId> emails, string? into, CancellationToken cancel);
}

/// <summary>An email without a mailbox.</summary>
/// <param name="ExpungedAt">Unix seconds UTC.</param>
/// <param name="Mailbox">Where it was, by its name of now; the last one it had when it is gone.</param>
/// <param name="InternalDate">Unix seconds UTC.</param>
/// <param name="Size">RFC822.SIZE in octets, prefix included.</param>
/// <param name="Envelope">See <see cref="Rendered.Envelope"/>.</param>
/// <param name="By">Who expunged it: protocol, program and app password, as far as they are known; empty for the server.</param>
public sealed record ExpungedEmail(
    EmailId Email, long ExpungedAt, string Mailbox, SystemFlags Flags, IReadOnlyList<string> Keywords, long InternalDate, long Size,
    byte[] Envelope, string By);

/// <summary>An email that is in a mailbox again.</summary>
public sealed record BroughtBack(EmailId Email, string Mailbox, uint Uid);
