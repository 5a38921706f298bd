using Aviso.Accounts;

namespace Aviso.Moving;

/// <summary>
/// A docker-mailserver as it stands in its folders: the settings (`/tmp/docker-mailserver` in the container) and the mail (`/var/mail`).
/// What has a counterpart here is read; everything else in the settings is named with file and line.
/// </summary>
public static class MailserverReader
{
    /// <exception cref="SourceException">These are no folders of docker-mailserver.</exception>
    public static MoveSet Read(MoveRequest request)
    {
        var (config, mail) = Folders(request);
        var notes = new List<MoveNote>();
        var accounts = Accounts(config, mail, notes);
        var only = request.Account is { Length: > 0 } one ? accounts.Where(account =>
            account.Address.Equals(one, StringComparison.OrdinalIgnoreCase)).ToList() : accounts;
        if (only.Count == 0 && request.Account is not null) throw new SourceException(
            $"{Path.Combine(config, "postfix-accounts.cf")} has no account {request.Account}");
        var aliases = request.Account is null ? MailserverAliases.Read(config, accounts, notes) : [];
        var keys = request.Account is null ? MailserverKeys.Read(config, notes) : [];
        if (request.Account is null)
        {
            MailserverOverrides.Explain(config, notes);
            try
            {
                Homeless(mail, accounts, notes);
            }
            catch (UnauthorizedAccessException e)
            {
                throw new SourceException($"{mail} may not be read by the server's user ({Environment.UserName}): {e.Message}", e);
            }
        }
        return new()
        {
            Title = $"docker-mailserver {config}",
            Accounts = only,
            Aliases = aliases,
            Keys = keys,
            Notes = notes,
            IsServer = true
        };
    }

    private static (string Config, string Mail) Folders(MoveRequest request)
    {
        string[] candidates = [request.Path, Path.Combine(request.Path, "config"), Path.Combine(request.Path, "docker-data/dms/config")];
        var config = candidates.FirstOrDefault(folder => File.Exists(Path.Combine(folder, "postfix-accounts.cf")))
            ?? throw new SourceException(
                $"{request.Path} has no postfix-accounts.cf (nor config/postfix-accounts.cf): name the folder that is "
                    + $"/tmp/docker-mailserver in the container");
        string[] mails = request.Mail is { } named ? [named] : [Path.Combine(config, "..", "mail-data"), Path.Combine(config, "..",
            "mail"), Path.Combine(config, "..", "maildata")];
        var mail = mails.FirstOrDefault(Directory.Exists)
            ?? throw new SourceException(
                $"there is no folder of mail at {Path.GetFullPath(mails[0])}: name the folder that is /var/mail in the container with "
                    + $"--mail");
        return (Path.GetFullPath(config), Path.GetFullPath(mail));
    }

    // user@example.org|{SHA512-CRYPT}$6$...|attributes
    private static List<MoveAccount> Accounts(string config, string mail, List<MoveNote> notes)
    {
        var (accounts, quotas) = (new List<MoveAccount>(), Quotas(config, notes));
        foreach (var line in ConfigLines.Read(config, "postfix-accounts.cf"))
        {
            var fields = line.Text.Split('|');
            if (fields.Length < 2 || !AddressKey.TryParse(fields[0].Trim(), out var key))
            {
                notes.Add(new(NoteKind.Damaged, line.Place, "is no line ADDRESS|HASH"));
                continue;
            }
            if (accounts.Exists(account => account.Address == key.ToString()))
            {
                notes.Add(new(NoteKind.Damaged, line.Place, $"{key} stands twice; the first line is taken"));
                continue;
            }
            var folder = Path.Combine(mail, key.Domain, key.LocalPart);
            var account = new MoveAccount(key.ToString(), fields[1].Trim(), quotas.GetValueOrDefault(key.ToString()), [],
                MaildirLayout.Exists(folder) ? () => Open(config, folder, key.ToString()) : null, line.Place);
            if (!account.HasUsableHash) notes.Add(new(NoteKind.Lost, line.Place,
                $"{key}: the hash is of a kind that cannot be verified here ({Scheme(fields[1])}); set a new password"));
            if (fields.Length > 2 && fields[2].Trim().Length > 0) notes.Add(new(NoteKind.Lost, line.Place,
                $"{key}: extra attributes for Dovecot: {fields[2].Trim()}"));
            if (account.Mail is null) notes.Add(new(NoteKind.Changed, line.Place, $"{key} has no folder {folder}: it comes without mail"));
            accounts.Add(account);
        }
        return accounts;
    }

    private static string Scheme(string hash) => hash.Trim() is ['{', ..] text
        && text.IndexOf('}', StringComparison.Ordinal) is > 0 and var end ? text[..(end + 1)] : "without a scheme";

    private static MailSource Open(string config, string folder, string address)
    {
#pragma warning disable CA2000 // who asked for the source lets go of it
        var source = new MaildirSource(new(folder, Home: Path.Combine(folder, "home")));
#pragma warning restore CA2000
        // `<login>.dovecot.sieve` of the settings is copied to the account at each start there.
        if (source.Scripts.Active is not null || MaildirLayout.Small(Path.Combine(config, address + ".dovecot.sieve"),
            4 << 20) is not { } script) return source;
        return new WithScript(source, script);
    }

    // dovecot-quotas.cf: user@example.org:5G
    private static Dictionary<string, long> Quotas(string config, List<MoveNote> notes)
    {
        var quotas = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in ConfigLines.Read(config, "dovecot-quotas.cf"))
        {
            var colon = line.Text.LastIndexOf(':');
            if (colon < 0 || !AddressKey.TryParse(line.Text[..colon].Trim(), out var key)
                || Size(line.Text[(colon + 1)..].Trim()) is not { } octets)
                notes.Add(new(NoteKind.Damaged, line.Place, "is no line ADDRESS:SIZE"));
            else quotas[key.ToString()] = octets;
        }
        return quotas;
    }

    /// <summary>"5G", "500M", "0" (none): units of 1024, as Dovecot's quota rules.</summary>
    internal static long? Size(string text)
    {
        var digits = text.TrimEnd('B', 'b');
        var shift = digits.Length == 0 ? 0 : char.ToUpperInvariant(digits[^1]) switch
        {
            'K' => 10,
            'M' => 20,
            'G' => 30,
            'T' => 40,
            _ =>
            0
        };
        if (shift > 0) digits = digits[..^1];
        return long.TryParse(digits, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture,
            out var number)
            && number <= long.MaxValue >> shift ? number << shift : null;
    }

    private static void Homeless(string mail, List<MoveAccount> accounts, List<MoveNote> notes)
    {
        foreach (var domain in new DirectoryInfo(mail).EnumerateDirectories().Where(folder =>
            folder.Name.Contains('.', StringComparison.Ordinal)))
        {
            foreach (var user in domain.EnumerateDirectories().Where(user => MaildirLayout.IsMaildir(user.FullName)))
            {
                if (!accounts.Exists(account => account.Address.Equals($"{user.Name}@{domain.Name}", StringComparison.OrdinalIgnoreCase)))
                    notes.Add(new(NoteKind.Lost, user.FullName,
                        "is mail of nobody: no account of postfix-accounts.cf has it. `aviso import run maildir` takes it into an account "
                            + "of your choice"));
            }
        }
    }

    /// <summary>A source with one script more, which is the active one.</summary>
    private sealed class WithScript(MailSource inner, byte[] script) : MailSource
    {
        public override string Kind => inner.Kind;

        public override string Place => inner.Place;

        public override IReadOnlyList<SourceMailbox> Mailboxes => inner.Mailboxes;

        public override IReadOnlyList<string>? Subscriptions => inner.Subscriptions;

        public override char? Separator => inner.Separator;

        public override SourceScripts Scripts { get; } =
            new(new Dictionary<string, byte[]>(inner.Scripts.ByName, StringComparer.Ordinal) { ["docker-mailserver"] = script },
                "docker-mailserver");

        public override IReadOnlyList<SourceMessage> Read(SourceMailbox mailbox, CancellationToken cancel)
        {
            var read = inner.Read(mailbox, cancel);
            Notes.Clear();
            Notes.AddRange(inner.Notes);
            return read;
        }

        public override void Copy(SourceMessage message, Base.SpooledBody into, CancellationToken cancel) =>
            inner.Copy(message, into, cancel);

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
