using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Sieve;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Turns the outcome of the scripts into a plan: names become mailboxes that exist, loops are stopped, letters are written.</summary>
internal sealed class SievePlanning(
    SieveInput input, SieveStepOptions options, SieveHost host, IMailStore store, IdSource ids, TimeProvider clock, ILogger log,
    Func<AccountId, string, bool> maySendAs)
{
    /// <summary>Names the account that a redirected message came by.</summary>
    public const string RedirectedBy = "X-Sieve-Redirected-From";

    public const string AnsweredKind = "sieve-answered";
    public const string NoteKind = "sieve-note";

    private static readonly TimeSpan NoteEvery = TimeSpan.FromDays(1);

    private readonly List<FiledCopy> _copies = [];
    private readonly List<SieveForward> _redirects = [];
    private readonly List<SieveLetter> _letters = [];
    private readonly SieveLetters _write = new(options.HostName, ids, clock);
    private readonly ReceiveHeader _header = ReceiveHeader.ReadWhole(input.Body);
    private SieveRejection? _reject;
    private string? _error;

    /// <param name="wrong">What was wrong before the scripts ran.</param>
    public async Task<SievePlan> MakeAsync(SieveOutcome outcome, string? wrong, CancellationToken cancel)
    {
        _error = wrong ?? outcome.Error;
        foreach (var action in outcome.Actions) await AddAsync(action, cancel);
        // Whatever it was that came to nothing: no mail is lost.
        var meant = outcome.Actions.Any(a => a is SieveAction.Discard { IsImplicit: false } or SieveAction.Reject);
        if (_copies.Count == 0 && _redirects.Count == 0 && !meant) _copies.Add(FiledCopy.Inbox);
        if (_error is { } error) _letters.Add(Note(_write, input.Account, input.Address, input.Sender, error, clock));
        return new()
        {
            Copies = _copies,
            Redirects = _redirects,
            Reject = _reject,
            Letters = _letters,
            Duplicates = outcome.Duplicates,
            Error = _error,
            Trace = outcome.Trace,
        };
    }

    private async ValueTask AddAsync(SieveAction action, CancellationToken cancel)
    {
        switch (action)
        {
            case SieveAction.Keep keep:
                File(FiledCopy.Inbox with { IsNamed = keep.IsNamed }, keep.Flags, keep.Edit);
                break;
            case SieveAction.FileInto into:
                File(await ResolveAsync(into.At, into.Mailbox, into.Create, into.SpecialUse, into.MailboxId, cancel), into.Flags, into.Edit);
                break;
            case SieveAction.Redirect redirect:
                Redirect(redirect);
                break;
            case SieveAction.Reject reject:
                _reject ??= new(reject.Reason, reject.IsEreject);
                break;
            // A bounce has nobody to tell, but its client can still be refused.
            case SieveAction.Discard { InPlaceOf: { } instead }:
                _reject ??= new(instead.Reason, instead.IsEreject);
                break;
            case SieveAction.Vacation vacation:
                await AnswerAsync(vacation, cancel);
                break;
            case SieveAction.Notify notify:
                await NotifyAsync(notify, cancel);
                break;
        }
    }

    // RFC 5228 §2.10.3: the same mailbox gets the message once; flags of both are set.
    private void File(FiledCopy target, IReadOnlyList<string> flags, SieveEdit? edit)
    {
        var copy = WithFlags(target, flags) with { Edit = edit };
        var at = _copies.FindIndex(c => c.Mailbox == copy.Mailbox);
        if (at < 0) _copies.Add(copy);
        else
        {
            var before = _copies[at];
            _copies[at] = copy with
            {
                Flags = before.Flags | copy.Flags,
                Keywords = [.. before.Keywords.Union(copy.Keywords, StringComparer.OrdinalIgnoreCase)],
                IsNamed = before.IsNamed || copy.IsNamed,
                Creates = before.Creates,
            };
        }
    }

    private static FiledCopy WithFlags(FiledCopy copy, IReadOnlyList<string> flags)
    {
        if (flags.Count == 0) return copy;
        var system = SystemFlags.None;
        var keywords = new List<string>();
        foreach (var flag in flags)
        {
            if (flag.StartsWith('\\'))
            {
                // RFC 5232 §2: \Recent and what is no system flag are left out.
                if (Enum.TryParse<SystemFlags>(flag[1..], ignoreCase: true, out var known) && !char.IsAsciiDigit(flag[^1])) system |= known;
            }
            else if (IsKeyword(flag) && !keywords.Contains(flag, StringComparer.OrdinalIgnoreCase)) keywords.Add(flag);
        }
        return copy with { Flags = copy.Flags | system, Keywords = [.. copy.Keywords, .. keywords] };
    }

    // RFC 9051 §9: flag-keyword = atom
    private static bool IsKeyword(string flag) => flag.Length is > 0 and <= 255 && !flag.Any(c => c is <= ' ' or >= '\x7F' or '(' or ')' or '{' or '%' or '*' or '"' or '\\' or ']');

    private async ValueTask<FiledCopy> ResolveAsync(string at, string name, bool create, string? specialUse, string? id, CancellationToken cancel)
    {
        // RFC 9042 §3, RFC 8579 §4: the id, else the special use, else the name.
        if (id is not null && await host.FindIdAsync(id, cancel) is { } byId) return In(byId.Name);
        var use = specialUse is null ? null : SieveHost.UseOf(specialUse);
        if (use is { } wanted && await host.FindUseAsync(wanted, cancel) is { } byUse) return In(byUse.Name);
        if (await host.FindAsync(name, cancel) is { } byName) return In(byName.Name);
        if (SieveHost.Canonical(name) is not { } canonical) return NotThere(at, name, "that can be no mailbox's name");
        if (!create) return NotThere(at, name, "there is no such mailbox, and fileinto has no :create");
        if (input.IsTrial) return In(canonical) with { Creates = true };
        var made = await store.CreateMailboxAsync(input.Account, canonical, use ?? SpecialUse.None, cancel);
        // Conflict: the special use went to another meanwhile; the name is still wanted.
        if (made.Error == StoreError.Conflict && use is not null) made = await store.CreateMailboxAsync(input.Account, canonical, SpecialUse.None, cancel);
        host.Forget();
        return made.Ok || made.Error == StoreError.AlreadyExists ? In(canonical) : NotThere(at, name, $"it could not be made ({made.Error})");
    }

    private static FiledCopy In(string mailbox) => FiledCopy.Inbox with { Mailbox = mailbox, IsNamed = true };

    private FiledCopy NotThere(string at, string name, string why)
    {
        _error ??= $"{at}: mailbox {name}: {why}; the message is in INBOX";
        SieveMeters.Failures.Add(1, new KeyValuePair<string, object?>("reason", "mailbox"));
        return FiledCopy.Inbox;
    }

    // RFC 5228 §4.2 leaves loop control to us: a message that went by this account before is not sent on again, but kept.
    private void Redirect(SieveAction.Redirect redirect)
    {
        if (CameBefore())
        {
            log.SieveLoop(input.Account.ToString(), redirect.Address);
            File(FiledCopy.Inbox, [], redirect.Edit);
            return;
        }
        if (_redirects.Exists(r => AddressComparer.Instance.Equals(r.Address, redirect.Address))) return;
        _redirects.Add(new(redirect.Address, redirect.Edit, Encoding.UTF8.GetBytes($"{RedirectedBy}: {input.Address}\r\n"))
        {
            At = redirect.At,
            DsnNotify = redirect.DsnNotify,
            DsnRet = redirect.DsnRet,
            ByTime = redirect.ByTime,
            ByMode = redirect.ByMode,
        });
    }

    private bool CameBefore()
    {
        foreach (var field in new HeaderFields(_header.Octets.Span[Math.Min(input.OwnPrefix, _header.Octets.Length)..]))
        {
            if ((field.Is("X-Sieve-Redirected-From"u8) || field.Is("Delivered-To"u8))
                && AddressComparer.Instance.Equals(HeaderText.Decode(field.Value).Trim(), input.Address)) return true;
        }
        return false;
    }

    private async ValueTask AnswerAsync(SieveAction.Vacation vacation, CancellationToken cancel)
    {
        // RFC 5230 §4.6 and RFC 3834 §2: nobody to answer, or something that is no person. The engine looked too; a second look is cheap.
        if (vacation.Unsent is not null || vacation.To.Length == 0 || _header.IsAutomatic) return;
        if (_write.Vacation(vacation with { From = Granted(vacation.From) ?? Own(vacation.Own) }) is not { } octets) return;
        _letters.Add(new("vacation", [vacation.To], octets)
        {
            Once = vacation.Every > TimeSpan.Zero
                ? Mark(AnsweredKind, vacation.Handle + " " + AddressComparer.Key(vacation.To), vacation.Every) : null,
            Copy = await FccAsync(vacation.At, vacation.Fcc, cancel),
        });
    }

    private async ValueTask NotifyAsync(SieveAction.Notify notify, CancellationToken cancel)
    {
        // RFC 5436 §2.7.1: a notification is not notified of.
        if (notify.Unsent is not null || IsNotification()) return;
        if (_write.Notification(notify with { From = Granted(notify.From) ?? Own(notify.Own) }) is not { } octets) return;
        var to = notify.To.Concat(notify.Cc).Select(SieveLetters.Wire).Distinct(AddressComparer.Instance);
        _letters.Add(new("notify", [.. to], octets) { Copy = await FccAsync(notify.At, notify.Fcc, cancel) });
    }

    // RFC 5230 §4.3 and RFC 5435 §3.3 let us ignore an address that is not the account's to use: nobody writes in another's name.
    private string? Granted(string? from)
    {
        if (from is null || SieveLetters.Address(from) is not { } address || maySendAs(input.Account, address.Address)) return from;
        log.SieveFromIgnored(input.Account.ToString(), address.Address);
        return null;
    }

    // `:addresses` may name anybody, and the message may have come by a list: without a grant the account's own address stands there.
    private string Own(string address) => maySendAs(input.Account, address) ? address : input.Address;

    private bool IsNotification()
    {
        foreach (var field in new HeaderFields(_header.Octets.Span))
        {
            if (field.Is("Auto-Submitted"u8) && HeaderText.Decode(field.Value).TrimStart().StartsWith("auto-notified", StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }

    private async ValueTask<FiledCopy?> FccAsync(string at, SieveFcc? fcc, CancellationToken cancel) => fcc is null ? null
        : WithFlags(await ResolveAsync(at, fcc.Mailbox, fcc.Create, fcc.SpecialUse, fcc.MailboxId, cancel), fcc.Flags);

    /// <summary>Tells the owner that a script failed, at most once a day for each script.</summary>
    /// <param name="error">"name:line: text".</param>
    public static SieveLetter Note(SieveLetters write, AccountId account, string address, string sender, string error, TimeProvider clock) =>
        write.Note(address, sender, error) with { Once = Mark(account, NoteKind, error.Split(':')[0], NoteEvery, clock) };

    private Document Mark(string kind, string what, TimeSpan every) => Mark(input.Account, kind, what, every, clock);

    private static Document Mark(AccountId account, string kind, string what, TimeSpan every, TimeProvider clock)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var name = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(what)));
        return new(new(account, kind, name), Encoding.ASCII.GetBytes(now.ToString(CultureInfo.InvariantCulture)), now, now + Math.Max(1, (long)every.TotalSeconds));
    }
}
