using Aviso.Store;

namespace Aviso.Moving;

/// <summary>Which mailbox is for what. Dovecot says it in its settings, not in the mail; what people call such folders is known.</summary>
internal static class SpecialUses
{
    // In the order of preference.
    private static readonly (SpecialUse Use, string[] Names)[] Known =
    [
        (SpecialUse.Drafts, ["Drafts", "INBOX/Drafts", "Draft", "Entwürfe", "Brouillons", "Borradores"]),
        (SpecialUse.Sent, ["Sent", "INBOX/Sent", "Sent Messages", "Sent Items", "Sent Mail", "Gesendet", "Gesendete Objekte", "Envoyés",
            "Enviados"]),
        (SpecialUse.Junk, ["Junk", "INBOX/Junk", "Spam", "INBOX/Spam", "Junk E-mail", "Junk Email", "Bulk Mail"]),
        (SpecialUse.Trash, ["Trash", "INBOX/Trash", "Deleted Messages", "Deleted Items", "Papierkorb", "Corbeille", "Papelera"]),
        (SpecialUse.Archive, ["Archive", "INBOX/Archive", "Archives", "Archiv"]),
    ];

    /// <summary>For each use the mailbox of the source that should have it.</summary>
    /// <param name="marked">Those that the source itself marks.</param>
    public static IReadOnlyDictionary<SpecialUse, string> Of(
        IReadOnlyCollection<string> names, IReadOnlyDictionary<SpecialUse, string> marked)
    {
        var uses = new Dictionary<SpecialUse, string>(marked);
        foreach (var (use, known) in Known)
        {
            if (uses.ContainsKey(use)) continue;
            foreach (var wanted in known)
            {
                if (names.FirstOrDefault(name => name.Equals(wanted, StringComparison.OrdinalIgnoreCase)) is not { } found
                    || uses.ContainsValue(found)) continue;
                uses[use] = found;
                break;
            }
        }
        return uses;
    }
}
