using Aviso.Base;

namespace Aviso.Store;

/// <summary>One message on its way in.</summary>
/// <param name="Body">As received, without our prefix. The caller disposes it after the call.</param>
/// <param name="Targets">Local mailboxes.</param>
/// <param name="Queue">Recipients elsewhere, or null.</param>
public sealed record Acceptance(
    SpooledBody Body, Rendered Rendered, IReadOnlyList<AcceptTarget> Targets, QueueSubmission? Queue)
{
    /// <summary>When it arrived, Unix seconds UTC.</summary>
    public required long ReceivedAt { get; init; }

    /// <summary>What the server wrote and why: notice, bounce, vacation, report and so on. Null for what came from outside, whose life is
    /// told by who took it.</summary>
    public string? Origin { get; init; } = "server";
}

/// <summary>One local mailbox of an <see cref="Acceptance"/>.</summary>
/// <param name="Mailbox">Name below the account; a mailbox that does not exist falls back to INBOX.</param>
/// <param name="Prefix">Return-Path, Delivered-To and trace fields, CRLF lines, put before the body.</param>
/// <param name="Keywords">Keywords to set, by name.</param>
/// <param name="IgnoreQuota">True for our own notices.</param>
public sealed record AcceptTarget(
    AccountId Account, string Mailbox, ReadOnlyMemory<byte> Prefix, SystemFlags Flags, IReadOnlyList<string> Keywords,
    bool IgnoreQuota = false);

/// <summary>What became of an <see cref="Acceptance"/>.</summary>
public sealed record Accepted(IReadOnlyList<Outcome<AppendedEntry>> Targets, QueueId? Queue);

/// <summary>Where an entry went: UIDPLUS wants both numbers.</summary>
public sealed record AppendedEntry(MailboxId Mailbox, uint UidValidity, uint Uid, EmailId Email, long ModSeq);
