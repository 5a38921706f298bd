using System.Net;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Trace;

namespace Aviso.Delivery;

/// <summary>Keys that sign for a domain of ours.</summary>
public interface ISigningKeys
{
    /// <summary>Keys to sign with now; empty without one. The first RSA key also seals (RFC 8617).</summary>
    /// <param name="domain">ASCII, any case.</param>
    IReadOnlyList<DkimKey> KeysOf(string domain);
}

/// <summary>
/// What the receive steps ask of others; what is null is left out. None of these may keep a message from being taken: each has a
/// time of its own and a declared way to fail (design.md section 2 rule 2).
/// </summary>
public sealed record ReceiveFilters
{
    public MailVerifier? Verifier { get; init; }

    /// <summary>Asked for each message, so that settings may switch it off.</summary>
    public Func<SpamFilter?> Spam { get; init; } = () => null;

    public ISigningKeys? Keys { get; init; }

    /// <summary>Null: senders of forwards stay as they are.</summary>
    public SenderRewriter? Srs { get; init; }

    public SieveStep? Sieve { get; init; }

    /// <summary>Sends what scripts answer.</summary>
    public SievePost? Post { get; init; }

    /// <summary>What is done about mail that DMARC fails; asked for each message.</summary>
    public Func<DmarcAction> Dmarc { get; init; } = () => DmarcAction.Refuse;

    public DmarcTally? Tally { get; init; }

    public ReportIntake? Reports { get; init; }

    /// <summary>Looks through what comes with the null sender for bounces of mail that a relay took; never waits.</summary>
    public Action<SpooledBody, MimePart, IReadOnlyList<string>>? Bounces { get; init; }

    /// <summary>What each account may send.</summary>
    public SendingBrake? Sending { get; init; }

    /// <summary>Addresses that no person has.</summary>
    public SpamTraps? Traps { get; init; }

    /// <summary>Told of whom an account writes to.</summary>
    public Correspondents? Correspondents { get; init; }

    /// <summary>Relays and backups that are believed when they say whom they have a message from.</summary>
    public Func<IPAddress, bool> IsTrustedRelay { get; init; } = _ => false;

    /// <summary>Keeps the life of each message.</summary>
    public TraceRecorder? Trace { get; init; }

    /// <summary>Told of each copy that an account was given (false), and of each message that it sent (true); never waits.</summary>
    public Action<AccountId, bool> Moved { get; init; } = static (_, _) => { };

    /// <summary>Addresses whose mail is looked through for reports, lower case; postmaster of any domain always is.</summary>
    public Func<IReadOnlyCollection<string>> ReportAddresses { get; init; } = () => [];
}
