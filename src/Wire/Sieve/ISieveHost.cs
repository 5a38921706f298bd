namespace Aviso.Sieve;

/// <summary>
/// What a script asks about the world. Delivery answers for an account; every answer has its own time budget. An exception is a
/// run-time error of the script: the mail is kept.
/// </summary>
public interface ISieveHost
{
    /// <summary>RFC 5490 §3.1: the mailbox exists and mail can be filed into it.</summary>
    ValueTask<bool> MailboxExistsAsync(string mailbox, CancellationToken cancel);

    /// <summary>RFC 9042 §4: the id names a mailbox mail can be filed into.</summary>
    ValueTask<bool> MailboxIdExistsAsync(string id, CancellationToken cancel);

    /// <summary>RFC 8579 §4: true when <paramref name="mailbox"/> (null: any mailbox) has the attribute, such as \Junk.</summary>
    ValueTask<bool> HasSpecialUseAsync(string? mailbox, string attribute, CancellationToken cancel);

    /// <summary>RFC 5490 §3.3: value of an annotation of a mailbox, or of the server when <paramref name="mailbox"/> is null; null:
    /// none.</summary>
    ValueTask<string?> MetadataAsync(string? mailbox, string annotation, CancellationToken cancel);

    /// <summary>RFC 6609: the account's script, or the administrator's with <paramref name="global"/>; null: there is none.</summary>
    ValueTask<SieveCompilation?> ScriptAsync(string name, bool global, CancellationToken cancel);

    /// <summary>RFC 7352: <paramref name="key"/> was remembered and has not expired.</summary>
    ValueTask<bool> WasSeenAsync(string key, CancellationToken cancel);

    /// <summary>RFC 6134: members of an external list for `redirect :list`; null: no such list.</summary>
    ValueTask<IReadOnlyList<string>?> ListMembersAsync(string list, CancellationToken cancel);

    /// <summary>RFC 6134 §2.7: the user's own address book, by its URN or by the short form of it.</summary>
    static bool IsAddressBook(string list) => list.ToLowerInvariant() is ":addrbook:default" or "urn:ietf:params:sieve:addrbook:default";

    /// <summary>RFC 6134: true when <paramref name="value"/> is in the list; null: no such list.</summary>
    ValueTask<bool?> IsInListAsync(string list, string value, CancellationToken cancel);

    /// <summary>
    /// RFC 5183: an item such as "domain", "host", "location", "phase", "remote-host", "remote-ip"; null: unknown. "name" and "version"
    /// are answered here when null.
    /// </summary>
    ValueTask<string?> EnvironmentAsync(string item, CancellationToken cancel);

    /// <summary>RFC 5235: how surely the message is spam, 0 to 100, or null when it was not tested.</summary>
    ValueTask<double?> SpamPercentAsync(CancellationToken cancel);

    /// <summary>RFC 5235 §2.3: 0 not tested, 1 clean, 2 to 4 cured or suspicious, 5 a virus.</summary>
    ValueTask<int> VirusVerdictAsync(CancellationToken cancel);
}
