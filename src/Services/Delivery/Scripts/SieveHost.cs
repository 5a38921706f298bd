using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Sieve;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>Answers what the scripts of one account ask during one message.</summary>
internal sealed class SieveHost(SieveInput input, SieveStepOptions options, SieveCompiled compiled, SieveScripts scripts, IMailStore store)
    : ISieveHost
{
    public const string SeenKind = "sieve-seen";

    private IReadOnlyList<MailboxInfo>? _mailboxes;

    public required Func<AccountId, string, CancellationToken, ValueTask<bool>> Knows { get; init; }

    public async ValueTask<bool> MailboxExistsAsync(string mailbox, CancellationToken cancel) =>
        await FindAsync(mailbox, cancel) is not null;

    public async ValueTask<bool> MailboxIdExistsAsync(string id, CancellationToken cancel) => await FindIdAsync(id, cancel) is not null;

    public async ValueTask<bool> HasSpecialUseAsync(string? mailbox, string attribute, CancellationToken cancel)
    {
        if (UseOf(attribute) is not { } use) return false;
        return mailbox is null ? await FindUseAsync(use, cancel) is not null : (await FindAsync(mailbox, cancel))?.SpecialUse == use;
    }

    public async ValueTask<string?> MetadataAsync(string? mailbox, string annotation, CancellationToken cancel)
    {
        MailboxId? id = null;
        if (mailbox is not null)
        {
            if (await FindAsync(mailbox, cancel) is not { } found) return null;
            id = found.Id;
        }
        var all = await store.GetMetadataAsync(input.Account, id, cancel);
        return all.TryGetValue(annotation.ToLowerInvariant(), out var value) ? Encoding.UTF8.GetString(value) : null;
    }

    public async ValueTask<SieveCompilation?> ScriptAsync(string name, bool global, CancellationToken cancel)
    {
        if (global) return compiled.Global(name);
        if (SieveScripts.Canonical(name) is not { } own) return null;
        return await scripts.GetAsync(input.Account, own, cancel) is { } text ? compiled.Of(own, text) : null;
    }

    public async ValueTask<bool> WasSeenAsync(string key, CancellationToken cancel) =>
        await store.GetDocumentAsync(input.Account, SeenKind, key, cancel) is not null;

    // The people an account wrote to are kept as hashes: they can be recognised, not listed.
    public ValueTask<IReadOnlyList<string>?> ListMembersAsync(string list, CancellationToken cancel) => new((IReadOnlyList<string>?)null);

    public async ValueTask<bool?> IsInListAsync(string list, string value, CancellationToken cancel) =>
        ISieveHost.IsAddressBook(list) ? await Knows(input.Account, value, cancel) : null;

    public ValueTask<string?> EnvironmentAsync(string item, CancellationToken cancel) => new(item.ToLowerInvariant() switch
    {
        // RFC 5183 §4.1
        "domain" => options.HostName.IndexOf('.', StringComparison.Ordinal) is var dot and > 0
            ? options.HostName[(dot + 1)..] : options.HostName,
        "host" => options.HostName,
        "location" => "MDA",
        "phase" => "during",
        "vnd.dovecot.username" => input.Address,
        "remote-ip" => input.RemoteAddress?.ToString(),
        "remote-host" => input.RemoteHost,
        _ => null,
    });

    public ValueTask<double?> SpamPercentAsync(CancellationToken cancel) => new(input.SpamPercent);

    public ValueTask<int> VirusVerdictAsync(CancellationToken cancel) => new(input.VirusVerdict);

    public async ValueTask<MailboxInfo?> FindAsync(string mailbox, CancellationToken cancel) =>
        Canonical(mailbox) is { } name ? (await MailboxesAsync(cancel)).FirstOrDefault(m => m.Name == name) : null;

    public async ValueTask<MailboxInfo?> FindIdAsync(string id, CancellationToken cancel) =>
        IdText.TryParse(id, out var number) ? (await MailboxesAsync(cancel)).FirstOrDefault(m => m.Id.Value == number) : null;

    public async ValueTask<MailboxInfo?> FindUseAsync(SpecialUse use, CancellationToken cancel) =>
        (await MailboxesAsync(cancel)).FirstOrDefault(m => m.SpecialUse == use);

    /// <summary>Null for an attribute no mailbox here can have.</summary>
    public static SpecialUse? UseOf(string attribute) =>
        attribute.StartsWith('\\') && Enum.TryParse<SpecialUse>(attribute[1..], ignoreCase: true, out var use)
            && !char.IsAsciiDigit(attribute[^1])
            && use != SpecialUse.None ? use : null;

    /// <summary>NFC, INBOX in capitals; null for what can be no mailbox's name (as IMAP has it, RFC 9051 §5.1).</summary>
    public static string? Canonical(string name)
    {
        var nfc = Nfc.Normalize(name);
        if (nfc.Equals("INBOX", StringComparison.OrdinalIgnoreCase)) return "INBOX";
        if (nfc.StartsWith("INBOX/", StringComparison.OrdinalIgnoreCase)) nfc = "INBOX" + nfc[5..];
        if (nfc.Length == 0 || nfc[0] == '#' || Encoding.UTF8.GetByteCount(nfc) > 1000) return null;
        var levels = nfc.Split('/');
        if (levels.Length > 32 || levels.Any(l => l.Length == 0 || Encoding.UTF8.GetByteCount(l) > 255)) return null;
        return nfc.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029' or '%' or '*' or '\uFFFD') ? null : nfc;
    }

    /// <summary>The tree has changed.</summary>
    public void Forget() => _mailboxes = null;

    private async ValueTask<IReadOnlyList<MailboxInfo>> MailboxesAsync(CancellationToken cancel) =>
        _mailboxes ??= await store.ListMailboxesAsync(input.Account, cancel);
}
