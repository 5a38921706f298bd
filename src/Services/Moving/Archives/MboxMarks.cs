using System.Globalization;
using System.Text;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>What header fields of an mbox say about a message: Status and X-Status (mutt, Dovecot), X-Keywords, X-Gmail-Labels, and our
/// own on top.</summary>
/// <param name="InternalDate">Null: they do not say.</param>
internal sealed record MboxMarks(SystemFlags Flags, IReadOnlyList<string> Keywords, IReadOnlyList<string> Labels, long? InternalDate)
{
    /// <summary>"1700000000 SF kw1 kw2": time, flags as in a Maildir (- for none), keywords.</summary>
    public const string Field = "X-Aviso-Flags: ";

    private const int MostLabels = 100;

    public static MboxMarks Read(byte[] header)
    {
        var text = Encoding.Latin1.GetString(header.AsSpan(0, Math.Min(header.Length, 64 * 1024)));
        if (text.StartsWith(Field, StringComparison.Ordinal) && Own(text.Split('\n')[0][Field.Length..]) is { } own) return own;
        var flags = SystemFlags.None;
        foreach (var letter in Value(header, "Status"u8)) flags |= letter == 'R' ? SystemFlags.Seen : SystemFlags.None;
        foreach (var letter in Value(header, "X-Status"u8))
        {
            flags |= letter switch
            {
                'A' => SystemFlags.Answered,
                'F' => SystemFlags.Flagged,
                'D' => SystemFlags.Deleted,
                'T' => SystemFlags.Draft,
                _ => SystemFlags.None,
            };
        }
        var keywords = Value(header, "X-Keywords"u8).Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries).Where(Keyword.IsValid)
            .Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        return new(flags, keywords, LabelsOf(header), null);
    }

    public static string Write(long internalDate, SystemFlags flags, IEnumerable<string> keywords)
    {
        var letters = MaildirName.LettersOf(flags);
        return string.Create(CultureInfo.InvariantCulture,
            $"{Field}{internalDate} {(letters.Length == 0 ? "-" : letters)}{string.Concat(keywords.Select(word => " " + word))}");
    }

    private static MboxMarks? Own(string value)
    {
        var words = value.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !long.TryParse(words[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out var date)) return null;
        return new(MaildirName.Parse("x:2," + words[1]).Flags, [.. words.Skip(2).Where(Keyword.IsValid)], [], date);
    }

    private static string Value(byte[] header, ReadOnlySpan<byte> name) =>
        HeaderFields.TryFind(header, name, out var value) ? Encoding.Latin1.GetString(value[..Math.Min(value.Length, 10_000)]).Trim() : "";

    private static List<string> LabelsOf(byte[] header)
    {
        if (!HeaderFields.TryFind(header, "X-Gmail-Labels"u8, out var value)) return [];
        return [.. HeaderText.Decode(value).Split(',').Select(label => label.Trim().Trim('"')).Where(label => label.Length is > 0 and < 500)
            .Take(MostLabels)];
    }
}

/// <summary>Labels of Gmail as Takeout writes them, in the languages that people have it in.</summary>
internal static class GmailLabels
{
    // In the order in which one place is chosen: what was thrown away does not come back into the inbox.
    private static readonly (string Mailbox, string[] Labels)[] Places =
    [
        ("Trash", ["Trash", "Bin", "Papierkorb", "Corbeille", "Papelera", "Cestino"]),
        ("Junk", ["Spam"]),
        ("Drafts", ["Draft", "Drafts", "Entwurf", "Entwürfe", "Brouillons", "Borradores", "Bozze"]),
        ("INBOX", ["Inbox", "Posteingang", "Boîte de réception", "Recibidos", "Posta in arrivo"]),
        ("Sent", ["Sent", "Gesendet", "Messages envoyés", "Enviados", "Posta inviata"]),
    ];

    private static readonly string[] Archived = ["Archived", "Archiviert", "Archivés", "Archivados", "Archiviati"];
    private static readonly string[] Unread = ["Unread", "Ungelesen", "Non lus", "No leído", "No leídos", "Da leggere"];
    private static readonly string[] Opened = ["Opened", "Geöffnet", "Ouvert", "Abierto", "Aperti"];
    private static readonly string[] Starred = ["Starred", "Markiert", "Suivis", "Destacados", "Speciali"];
    private static readonly string[] Important = ["Important", "Wichtig", "Importants", "Importantes", "Importanti"];

    /// <summary>The mailbox, flags, and a keyword for each label of the person's own. Without a place of Gmail's the first of these labels
    /// is
    /// the mailbox, "/" between its levels.</summary>
    public static (string Mailbox, SystemFlags Flags, IReadOnlyList<string> Keywords) Place(IReadOnlyCollection<string> labels)
    {
        var flags = labels.Any(label => Is(label, Unread)) ? SystemFlags.None : SystemFlags.Seen;
        if (labels.Any(label => Is(label, Starred))) flags |= SystemFlags.Flagged;
        var own = labels.Where(label => !IsGmails(label)).Order(StringComparer.Ordinal).ToList();
        var keywords = own.Select(KeywordOf).OfType<string>().ToList();
        if (labels.Any(label => Is(label, Important))) keywords.Add("$Important");
        var place = Places.FirstOrDefault(place => labels.Any(label => Is(label, place.Labels))).Mailbox;
        if (place == "Drafts") flags |= SystemFlags.Draft;
        place ??= own.Count > 0 ? Name(own[0]) : "Archive";
        return (place, flags, keywords);
    }

    private static bool IsGmails(string label) => label.StartsWith("Category", StringComparison.OrdinalIgnoreCase)
        || label.StartsWith("Kategorie", StringComparison.OrdinalIgnoreCase)
        || Is(label, "Chat") || Is(label, Archived) || Is(label, Unread) || Is(label, Opened) || Is(label, Starred) || Is(label, Important)
        || Array.Exists(Places, place => Is(label, place.Labels));

    private static string Name(string label) =>
        Base.Nfc.Normalize(string.Join('/', label.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(level =>
            FolderName.Decode(level.Trim(), out _)).DefaultIfEmpty("Archive")));

    /// <summary>Keywords are ASCII atoms (RFC 9051 §9): what is none becomes "_".</summary>
    private static string? KeywordOf(string label)
    {
        var word = string.Concat(label.Select(c => Keyword.IsValid(c.ToString()) ? c : '_'));
        return word.All(c => c == '_') || !Keyword.IsValid(word) ? null : word;
    }

    private static bool Is(string label, params string[] names) => Array.Exists(names, name =>
        name.Equals(label, StringComparison.OrdinalIgnoreCase));
}
