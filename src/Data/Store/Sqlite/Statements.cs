namespace Aviso.Store.Sqlite;

/// <summary>Every statement of the store, by subject. A PostgreSQL store runs the same text with its own parameter marks.</summary>
internal static class Statements
{
    // The writer's own
    public const string Begin = "BEGIN IMMEDIATE";
    public const string BeginRead = "BEGIN";
    public const string Commit = "COMMIT";
    public const string Rollback = "ROLLBACK";
    public const string GetMeta = "SELECT value FROM meta WHERE name = ?";
    public const string RemoveMeta = "DELETE FROM meta WHERE name = ?";
    public const string SetMeta = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

    // Accounts
    public const string GetAccount =
        "SELECT account_id, address, state, declared, quota_octets, created_at, modseq, octets, messages FROM account WHERE account_id = ?";
    public const string FindAccount = "SELECT account_id FROM account WHERE address = ?";
    public const string ListAccounts =
        "SELECT account_id, address, state, declared, quota_octets, created_at FROM account ORDER BY address";
    public const string InsertAccount =
        "INSERT INTO account (account_id, address, state, declared, quota_octets, created_at, modseq, octets, messages) "
        + "VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0)";
    public const string UpdateAccount = "UPDATE account SET state = ?, declared = ?, quota_octets = ? WHERE account_id = ?";
    public const string CountAccount = "UPDATE account SET modseq = ?, octets = ?, messages = ? WHERE account_id = ?";
    public const string DeleteAccount = "DELETE FROM account WHERE account_id = ?";
    public const string GetCredential = "SELECT record, declared, changed_at FROM credential WHERE account_id = ?";
    public const string ListCredentials = "SELECT account_id, record, declared, changed_at FROM credential ORDER BY account_id";
    public const string SetCredential =
        "INSERT INTO credential (account_id, record, declared, changed_at) VALUES (?, ?, ?, ?) ON CONFLICT (account_id) "
        + "DO UPDATE SET record = excluded.record, declared = excluded.declared, changed_at = excluded.changed_at";
    public const string DeleteCredential = "DELETE FROM credential WHERE account_id = ?";
    public const string ListFacts = "SELECT name, value, changed_at FROM fact WHERE kind = ? ORDER BY name";
    public const string SetFact =
        "INSERT INTO fact (kind, name, value, changed_at) VALUES (?, ?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET "
        + "value = excluded.value, changed_at = excluded.changed_at";
    public const string RemoveFact = "DELETE FROM fact WHERE kind = ? AND name = ?";

    // Documents
    public const string GetDocument =
        "SELECT value, changed_at, expires_at FROM document WHERE account_id = ? AND kind = ? AND name = ? AND "
        + "(expires_at = 0 OR expires_at > ?)";
    public const string ListDocuments =
        "SELECT account_id, name, value, changed_at, expires_at FROM document WHERE account_id = ? AND kind = ? AND "
        + "(expires_at = 0 OR expires_at > ?) ORDER BY name";
    public const string ListDocumentsOfKind =
        "SELECT account_id, name, value, changed_at, expires_at FROM document WHERE kind = ? AND (expires_at = 0 OR "
        + "expires_at > ?) ORDER BY account_id, name";
    public const string ListDocumentKeysOfKind =
        "SELECT account_id, name FROM document WHERE kind = ? AND (expires_at = 0 OR expires_at > ?) ORDER BY account_id, name";
    public const string SetDocument =
        "INSERT INTO document (account_id, kind, name, value, changed_at, expires_at) VALUES (?, ?, ?, ?, ?, ?) ON "
        + "CONFLICT (account_id, kind, name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at, "
        + "expires_at = excluded.expires_at";
    public const string RemoveDocument = "DELETE FROM document WHERE account_id = ? AND kind = ? AND name = ?";
    public const string RemoveDocumentsOf = "DELETE FROM document WHERE account_id = ?";
    public const string HasExpiredDocument = "SELECT 1 FROM document WHERE expires_at > 0 AND expires_at <= ? LIMIT 1";
    public const string ExpireDocuments =
        "DELETE FROM document WHERE (account_id, kind, name) IN (SELECT account_id, kind, name FROM document WHERE "
        + "expires_at > 0 AND expires_at <= ? LIMIT ?)";

    // Mailboxes
    public const string MailboxesOf =
        "SELECT mailbox_id, name, special_use, uid_validity, uid_next, first_recent_uid, highest_modseq, expunge_floor, "
        + "entries, unseen, deleted, octets, created_modseq, tree_modseq, sort_order FROM mailbox WHERE account_id = ?";
    public const string MailboxById = MailboxesOf + " AND mailbox_id = ?";
    public const string MailboxByName = MailboxesOf + " AND name = ?";
    public const string HasMailbox = "SELECT 1 FROM mailbox WHERE mailbox_id = ? LIMIT 1";
    public const string InsertMailbox =
        "INSERT INTO mailbox (account_id, mailbox_id, name, special_use, uid_validity, uid_next, first_recent_uid, "
        + "highest_modseq, expunge_floor, entries, unseen, deleted, octets, created_modseq, tree_modseq, sort_order) "
        + "VALUES (?, ?, ?, ?, ?, 1, 1, ?, ?, 0, 0, 0, 0, ?, ?, ?)";
    public const string CountMailbox =
        "UPDATE mailbox SET uid_next = ?, first_recent_uid = ?, highest_modseq = ?, entries = ?, unseen = ?, deleted = "
        + "?, octets = ? WHERE account_id = ? AND mailbox_id = ?";
    public const string SetTree =
        "UPDATE mailbox SET name = ?, special_use = ?, sort_order = ?, tree_modseq = ? WHERE account_id = ? AND mailbox_id = ?";
    public const string DeleteMailbox = "DELETE FROM mailbox WHERE account_id = ? AND mailbox_id = ?";
    public const string KeywordsOfAccount =
        "SELECT mailbox_id, number, name FROM keyword WHERE account_id = ? ORDER BY mailbox_id, number";
    public const string KeywordsOfMailbox =
        "SELECT number, name FROM keyword WHERE account_id = ? AND mailbox_id = ? ORDER BY number";
    public const string InsertKeyword = "INSERT INTO keyword (account_id, mailbox_id, number, name) VALUES (?, ?, ?, ?)";
    public const string DeleteKeywords = "DELETE FROM keyword WHERE account_id = ? AND mailbox_id = ?";
    public const string Subscriptions = "SELECT name FROM subscription WHERE account_id = ? ORDER BY name";
    public const string IsSubscribed = "SELECT 1 FROM subscription WHERE account_id = ? AND name = ?";
    public const string Subscribe = "INSERT INTO subscription (account_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING";
    public const string Unsubscribe = "DELETE FROM subscription WHERE account_id = ? AND name = ?";
    public const string DeleteSubscriptions = "DELETE FROM subscription WHERE account_id = ?";
    public const string Metadata = "SELECT entry, value FROM metadata WHERE account_id = ? AND mailbox_id = ? ORDER BY entry";
    public const string CountMetadata = "SELECT count(*) FROM metadata WHERE account_id = ? AND mailbox_id = ?";
    public const string SetMetadata =
        "INSERT INTO metadata (account_id, mailbox_id, entry, value) VALUES (?, ?, ?, ?) ON CONFLICT (account_id, "
        + "mailbox_id, entry) DO UPDATE SET value = excluded.value";
    public const string RemoveMetadata = "DELETE FROM metadata WHERE account_id = ? AND mailbox_id = ? AND entry = ?";
    public const string DeleteMetadata = "DELETE FROM metadata WHERE account_id = ? AND mailbox_id = ?";

    // Entries
    public const string EntryColumns =
        "uid, flags, keywords_low, keywords_high, modseq, email_id, internal_date, save_date, size";
    public const string EntriesOf =
        "SELECT " + EntryColumns + " FROM entry WHERE account_id = ? AND mailbox_id = ? ORDER BY uid";
    public const string EntriesOfAccount =
        "SELECT " + EntryColumns + ", mailbox_id FROM entry WHERE account_id = ? ORDER BY mailbox_id, uid";
    public const string LiveEmails = "SELECT DISTINCT email_id FROM entry WHERE account_id = ? ORDER BY email_id";
    public const string EntryByUid =
        "SELECT " + EntryColumns + " FROM entry WHERE account_id = ? AND mailbox_id = ? AND uid = ?";
    public const string DeletedEntries =
        "SELECT " + EntryColumns + " FROM entry WHERE account_id = ? AND mailbox_id = ? AND flags & 8 ORDER BY uid";
    public const string InsertEntry =
        "INSERT INTO entry (account_id, mailbox_id, " + EntryColumns + ", thread_id, created_modseq) "
        + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    public const string FlagEntry =
        "UPDATE entry SET flags = ?, keywords_low = ?, keywords_high = ?, modseq = ? WHERE account_id = ? AND mailbox_id = ? AND uid = ?";
    public const string EntryCreated = "UPDATE entry SET created_modseq = ? WHERE account_id = ? AND mailbox_id = ? AND uid = ?";
    public const string DeleteEntry =
        "DELETE FROM entry WHERE account_id = ? AND mailbox_id = ? AND uid = ? RETURNING thread_id, created_modseq";
    public const string DeleteEntriesOf = "DELETE FROM entry WHERE account_id = ? AND mailbox_id = ?";
    public const string InsertExpunge =
        "INSERT INTO expunge (account_id, mailbox_id, modseq, uid, email_id, at) VALUES (?, ?, ?, ?, ?, ?)";
    public const string ExpungesSince =
        "SELECT uid FROM expunge WHERE account_id = ? AND mailbox_id = ? AND modseq > ? AND modseq <= ?";
    public const string LeftSince =
        "SELECT uid, email_id, modseq FROM expunge WHERE account_id = ? AND mailbox_id = ? AND modseq > ? ORDER BY modseq, uid";
    public const string OldExpunges =
        "SELECT account_id, mailbox_id, max(modseq) FROM expunge WHERE at < ? GROUP BY account_id, mailbox_id";
    public const string TrimExpunges = "DELETE FROM expunge WHERE account_id = ? AND mailbox_id = ? AND modseq <= ?";
    public const string RaiseFloor =
        "UPDATE mailbox SET expunge_floor = max(expunge_floor, ?) WHERE account_id = ? AND mailbox_id = ?";
    public const string DeleteExpungesOf = "DELETE FROM expunge WHERE account_id = ? AND mailbox_id = ?";

    // Emails and bodies
    public const string InsertEmail =
        "INSERT INTO email (email_id, account_id, thread_id, body_id, entries, size, prefix, version, envelope, "
        + "structure, short_structure, parts, preview, message_id, refs, base_subject, sent_date, header_size, hidden, "
        + "created_modseq) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    public const string GetEmail =
        "SELECT account_id, thread_id, size, length(prefix), version, envelope, structure, short_structure, parts, "
        + "preview, message_id, refs, base_subject, sent_date, header_size FROM email WHERE email_id = ?";
    public const string ShowKeys =
        "SELECT account_id, thread_id, version, envelope, sent_date, base_subject, message_id, refs FROM email WHERE email_id = ?";
    public const string ShowEnvelope = "SELECT account_id, thread_id, version, envelope FROM email WHERE email_id = ?";
    public const string ShowStructure = "SELECT account_id, thread_id, version, envelope, structure FROM email WHERE email_id = ?";
    public const string ShowSummary = "SELECT account_id, thread_id, version, envelope, parts, preview FROM email WHERE email_id = ?";
    public const string ShowAll =
        "SELECT account_id, thread_id, version, envelope, structure, short_structure, preview FROM email WHERE email_id = ?";
    public const string RenderEmail =
        "UPDATE email SET version = ?, envelope = ?, structure = ?, short_structure = ?, parts = ?, preview = ?, "
        + "message_id = ?, refs = ?, base_subject = ?, sent_date = ?, header_size = ? WHERE email_id = ?";
    public const string HoldEmail =
        "UPDATE email SET entries = entries + 1, hidden = hidden + ?1, "
        + "created_modseq = CASE WHEN entries = hidden AND ?1 = 0 THEN ?2 ELSE created_modseq END "
        + "WHERE email_id = ?3 RETURNING thread_id, created_modseq";
    public const string DropEmail =
        "UPDATE email SET entries = entries - 1, hidden = hidden - ?1, "
        + "left_modseq = CASE WHEN entries > 1 THEN ?2 ELSE left_modseq END "
        + "WHERE email_id = ?3 RETURNING entries, hidden, thread_id, created_modseq";
    public const string HideEmail =
        "UPDATE email SET hidden = hidden + 1 WHERE email_id = ? RETURNING entries, hidden, thread_id, created_modseq";
    public const string ShowEmail =
        "UPDATE email SET hidden = hidden - 1, "
        + "created_modseq = CASE WHEN entries = hidden THEN ?1 ELSE created_modseq END WHERE email_id = ?2 RETURNING created_modseq";
    public const string EmailBody =
        "SELECT e.prefix, b.segment, b.at, b.record, b.length, b.body_id, e.account_id FROM email e JOIN body b ON "
        + "b.body_id = e.body_id WHERE e.email_id = ?";
    public const string EmailOwner = "SELECT body_id, entries FROM email WHERE email_id = ? AND account_id = ?";
    public const string DeleteEmail = "DELETE FROM email WHERE email_id = ? RETURNING body_id";
    public const string InsertUndelete =
        "INSERT INTO undelete (expunged_at, email_id, account_id, mailbox_id, flags, internal_date, keywords, mailbox_name, gone_by) "
        + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    private const string SomeExpunged =
        "SELECT u.email_id, u.expunged_at, coalesce(m.name, u.mailbox_name), u.flags, u.keywords, u.internal_date, e.size, e.envelope, "
        + "u.gone_by FROM undelete u JOIN email e ON e.email_id = u.email_id "
        + "LEFT JOIN mailbox m ON m.account_id = u.account_id AND m.mailbox_id = u.mailbox_id "
        + "WHERE u.account_id = ? AND u.expunged_at >= ? AND (? = '' OR coalesce(m.name, u.mailbox_name) = ? COLLATE NOCASE) ";
    public const string ExpungedOf = SomeExpunged + "ORDER BY u.expunged_at DESC, u.email_id DESC LIMIT ?";
    public const string ExpungedOne = SomeExpunged + "AND u.email_id = ?";
    public const string ExpungedEmail =
        "SELECT u.expunged_at, u.mailbox_id, u.mailbox_name, u.flags, u.keywords, u.internal_date, e.size "
        + "FROM email e JOIN undelete u ON u.email_id = e.email_id AND u.account_id = e.account_id "
        + "WHERE e.email_id = ? AND e.account_id = ?";
    public const string DueUndelete = "SELECT expunged_at, email_id FROM undelete WHERE expunged_at <= ? ORDER BY expunged_at LIMIT ?";
    public const string UndeleteOfAccount = "SELECT expunged_at, email_id FROM undelete WHERE account_id = ?";
    public const string DeleteUndelete = "DELETE FROM undelete WHERE expunged_at = ? AND email_id = ?";
    public const string ForgetUndelete = "DELETE FROM undelete WHERE email_id = ?";
    public const string LastUid = "SELECT max(uid) FROM entry WHERE account_id = ? AND mailbox_id = ?";
    public const string EntryOfEmail = "SELECT uid FROM entry WHERE account_id = ? AND mailbox_id = ? AND email_id = ? LIMIT 1";
    public const string InsertBody = "INSERT INTO body (body_id, segment, at, record, length, holders) VALUES (?, ?, ?, ?, ?, ?)";
    public const string GetBody = "SELECT segment, at, record, length, holders FROM body WHERE body_id = ?";
    public const string BodiesAfter = "SELECT body_id, segment, at, record, length FROM body WHERE body_id > ? ORDER BY body_id LIMIT ?";
    public const string DropBody = "UPDATE body SET holders = holders - 1 WHERE body_id = ? RETURNING holders, segment, record";
    public const string DeleteBody = "DELETE FROM body WHERE body_id = ?";
    public const string HoldBody = "UPDATE body SET holders = holders + 1 WHERE body_id = ?";
    public const string BodiesInSegment = "SELECT count(*) FROM body WHERE segment = ?";
    public const string MoveBody = "UPDATE body SET segment = ?, at = ? WHERE body_id = ? AND segment = ? AND at = ?";
    public const string SegmentEnd =
        "INSERT INTO segment (segment, known_end, dead) VALUES (?, ?, 0) ON CONFLICT (segment) DO UPDATE SET known_end = "
        + "max(known_end, excluded.known_end)";
    public const string SegmentDead =
        "INSERT INTO segment (segment, known_end, dead) VALUES (?, 0, ?) ON CONFLICT (segment) DO UPDATE SET dead = dead + excluded.dead";
    public const string KnownEnd = "SELECT known_end FROM segment WHERE segment = ?";
    public const string ListSegments = "SELECT segment, known_end, dead FROM segment ORDER BY segment";
    public const string DeleteSegment = "DELETE FROM segment WHERE segment = ?";

    // What changed in an account as a whole
    public const string AccountState = "SELECT modseq, gone_floor FROM account WHERE account_id = ?";
    public const string OriginsOf = "SELECT email_id, thread_id, created_modseq FROM entry WHERE account_id = ? AND flags & 8 = 0";
    public const string LeftOf = "SELECT email_id, left_modseq FROM email WHERE account_id = ? AND left_modseq > 0";
    public const string EmailOrigin = "SELECT account_id, thread_id, created_modseq, left_modseq FROM email WHERE email_id = ?";
    public const string InsertEmailGone =
        "INSERT INTO email_gone (account_id, modseq, email_id, thread_id, created_modseq, at) VALUES (?, ?, ?, ?, ?, ?)";
    public const string EmailsGone =
        "SELECT email_id, thread_id, created_modseq, modseq FROM email_gone "
        + "WHERE account_id = ? AND modseq > ? AND modseq <= ? ORDER BY modseq, email_id";
    public const string InsertMailboxGone =
        "INSERT INTO mailbox_gone (account_id, modseq, mailbox_id, created_modseq, at) VALUES (?, ?, ?, ?, ?)";
    public const string MailboxesGone =
        "SELECT mailbox_id, created_modseq, modseq FROM mailbox_gone "
        + "WHERE account_id = ? AND modseq > ? AND modseq <= ? ORDER BY modseq, mailbox_id";
    public const string OldGone =
        "SELECT account_id, max(modseq) FROM (SELECT account_id, modseq FROM email_gone WHERE at < ?1 "
        + "UNION ALL SELECT account_id, modseq FROM mailbox_gone WHERE at < ?1) AS old GROUP BY account_id";
    public const string RaiseGoneFloor = "UPDATE account SET gone_floor = max(gone_floor, ?) WHERE account_id = ?";
    public const string TrimEmailsGone = "DELETE FROM email_gone WHERE account_id = ? AND modseq <= ?";
    public const string TrimMailboxesGone = "DELETE FROM mailbox_gone WHERE account_id = ? AND modseq <= ?";

    // Queue
    public const string InsertQueueMessage =
        "INSERT INTO queue_message (queue_id, sender, account_id, envelope_id, dsn_return, needs, priority, prefix, "
        + "arrived_at, size, message_id, body_id, recipients) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    public const string InsertQueueRecipient =
        "INSERT INTO queue_recipient (queue_id, number, address, destination, notify, original, state, hold_reason, "
        + "attempts, due_at, leased_until, last_reply, last_attempt_at, delay_notified) VALUES (?, ?, ?, ?, ?, ?, 0, '', "
        + "0, ?, 0, '', 0, 0)";
    public const string RecipientColumns =
        "queue_id, number, address, destination, notify, original, state, hold_reason, attempts, due_at, last_reply, "
        + "last_attempt_at, delay_notified, leased_until";
    public const string DueDestinations = "SELECT destination FROM queue_destination WHERE next_due <= ? ORDER BY next_due";
    public const string DueRecipients =
        "SELECT " + RecipientColumns + " FROM queue_recipient WHERE state = 0 AND destination = ? AND due_at <= ? ORDER BY due_at LIMIT ?";
    public const string GetRecipient =
        "SELECT " + RecipientColumns + " FROM queue_recipient WHERE queue_id = ? AND number = ?";
    public const string RecipientsOf =
        "SELECT " + RecipientColumns + " FROM queue_recipient WHERE queue_id = ? ORDER BY number";
    public const string AllRecipients = "SELECT queue_id, number FROM queue_recipient";
    public const string LeaseRecipient =
        "UPDATE queue_recipient SET due_at = ?, leased_until = ? WHERE queue_id = ? AND number = ?";
    public const string SetRecipientState =
        "UPDATE queue_recipient SET state = ?, hold_reason = ?, due_at = ? WHERE queue_id = ? AND number = ?";
    public const string EndLeases = "UPDATE queue_recipient SET due_at = ?, leased_until = 0 WHERE leased_until > 0";
    public const string NextDue = "SELECT min(next_due) FROM queue_destination";
    public const string NextDueAt = "SELECT min(due_at) FROM queue_recipient WHERE state = 0 AND destination = ?";
    public const string DestinationDue =
        "INSERT INTO queue_destination (destination, next_due) VALUES (?, ?) ON CONFLICT (destination) DO UPDATE SET "
        + "next_due = min(next_due, excluded.next_due)";
    public const string SetDestination = "UPDATE queue_destination SET next_due = ? WHERE destination = ?";
    public const string ForgetDestination = "DELETE FROM queue_destination WHERE destination = ?";
    public const string ForgetDestinations = "DELETE FROM queue_destination";
    public const string FindDestinations =
        "INSERT INTO queue_destination (destination, next_due) SELECT destination, min(due_at) FROM queue_recipient "
        + "WHERE state = 0 GROUP BY destination";
    public const string MessageColumns =
        "queue_id, sender, account_id, envelope_id, dsn_return, needs, priority, arrived_at, size, message_id";
    public const string GetQueueMessage = "SELECT " + MessageColumns + " FROM queue_message WHERE queue_id = ?";
    public const string ListQueueMessages = "SELECT " + MessageColumns + " FROM queue_message ORDER BY queue_id";
    public const string QueueBody =
        "SELECT q.prefix, b.segment, b.at, b.record, b.length, b.body_id, 0 FROM queue_message q JOIN body b ON "
        + "b.body_id = q.body_id WHERE q.queue_id = ?";
    public const string SetRecipient =
        "UPDATE queue_recipient SET destination = ?, state = ?, hold_reason = ?, attempts = ?, due_at = ?, leased_until "
        + "= 0, last_reply = ?, last_attempt_at = ?, delay_notified = ? WHERE queue_id = ? AND number = ?";
    public const string DeleteRecipient = "DELETE FROM queue_recipient WHERE queue_id = ? AND number = ?";
    public const string DropRecipientCount =
        "UPDATE queue_message SET recipients = recipients - 1 WHERE queue_id = ? RETURNING recipients, body_id";
    public const string DeleteQueueMessage = "DELETE FROM queue_message WHERE queue_id = ?";
    public const string QueueMessageTotals =
        "SELECT count(*), (SELECT arrived_at FROM queue_message ORDER BY queue_id LIMIT 1) FROM queue_message";
    public const string QueueRecipientTotals = "SELECT count(*), coalesce(sum(state = 1 OR hold_reason <> ''), 0), "
        + "coalesce(sum(state = 0 AND hold_reason = '' AND attempts > 0), 0) FROM queue_recipient";
    public const string InsertRelayUse =
        "INSERT INTO relay_use (relay, at, queue_id, number) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    public const string RelayUse = "SELECT count(*) FROM relay_use WHERE relay = ? AND at >= ?";
    public const string TrimRelayUse = "DELETE FROM relay_use WHERE relay = ? AND at < ?";

    // All of it, for the journal's base
    public const string AllAccounts =
        "SELECT account_id, address, state, declared, quota_octets, created_at, modseq FROM account ORDER BY account_id";
    public const string AllFacts = "SELECT kind, name, value, changed_at FROM fact ORDER BY kind, name";
    public const string AllDocuments =
        "SELECT account_id, kind, name, value, changed_at, expires_at FROM document ORDER BY account_id, kind, name";
    public const string AllMailboxes =
        "SELECT account_id, mailbox_id, name, special_use, uid_validity, uid_next FROM mailbox ORDER BY account_id, mailbox_id";
    public const string AllSortOrders =
        "SELECT account_id, mailbox_id, sort_order FROM mailbox WHERE sort_order <> 0 ORDER BY account_id, mailbox_id";
    public const string AllKeywords =
        "SELECT account_id, mailbox_id, number, name FROM keyword ORDER BY account_id, mailbox_id, number";
    public const string AllSubscriptions = "SELECT account_id, name FROM subscription ORDER BY account_id, name";
    public const string AllMetadata = "SELECT account_id, mailbox_id, entry, value FROM metadata ORDER BY account_id, mailbox_id, entry";
    public const string AllUndelete = "SELECT email_id FROM undelete ORDER BY expunged_at, email_id";
    public const string AllEntries =
        "SELECT " + EntryColumns + ", account_id, mailbox_id FROM entry ORDER BY account_id, mailbox_id, uid";

    // Threads
    public const string FindThread = "SELECT thread_id FROM thread_key WHERE account_id = ? AND hash = ?";
    public const string KeepThread = "INSERT INTO thread_key (account_id, hash, thread_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    public const string DeleteThreads = "DELETE FROM thread_key WHERE account_id = ?";
}
