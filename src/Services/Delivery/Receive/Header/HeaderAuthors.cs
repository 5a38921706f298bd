using Aviso.Mime;

namespace Aviso.Delivery;

/// <summary>Who wrote and who sent a message, as its header says (RFC 5322 §3.6.2, §3.6.6): the values of those fields.</summary>
internal sealed class HeaderAuthors
{
    /// <summary>Mailboxes of all these fields together.</summary>
    public const int Most = 100;

    // RFC 7489 §6.6.1: so many domains of authors are asked.
    private const int MostDomains = 5;

    public List<ReadOnlyMemory<byte>> From { get; } = new(1);

    public List<ReadOnlyMemory<byte>> Sender { get; } = [];

    public List<ReadOnlyMemory<byte>> ResentFrom { get; } = [];

    public List<ReadOnlyMemory<byte>> ResentSender { get; } = [];

    /// <summary>
    /// RFC 5322 §3.6, strictly, for what we send in somebody's name: one From, at most one Sender, the same of Resent fields, each with
    /// mailboxes that all programs read alike.
    /// </summary>
    /// <param name="all">The mailboxes, those of From first.</param>
    /// <returns>What is wrong, or null.</returns>
    public string? Read(out List<HeaderAddress> all)
    {
        all = [];
        if (From.Count != 1) return From.Count == 0 ? "there is no From" : $"there are {From.Count} From fields";
        if (Sender.Count > 1 || ResentFrom.Count > 1 || ResentSender.Count > 1) return "there are several Sender or Resent fields of one name";
        return Add(all, "From", From, Most) ?? Add(all, "Sender", Sender, 1) ?? Add(all, "Resent-From", ResentFrom, Most)
            ?? Add(all, "Resent-Sender", ResentSender, 1);
    }

    /// <summary>What keeps a stranger's authors from being known, read as kindly as any program reads them; or null.</summary>
    public string? Unclear()
    {
        if (From.Count != 1) return From.Count == 0 ? "there is no From" : $"there are {From.Count} From fields";
        var list = AddressList.Parse(From[0].Span);
        if (list.Count > Most) return "From has too many addresses";
        var domains = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var author in AddressList.Mailboxes(list))
        {
            if (author.Domain.Length > 0) domains.Add(author.Domain.TrimEnd('.'));
        }
        return domains.Count == 0 ? "From has no address" : domains.Count > MostDomains ? "From has too many domains" : null;
    }

    private static string? Add(List<HeaderAddress> all, string name, List<ReadOnlyMemory<byte>> fields, int most)
    {
        foreach (var field in fields)
        {
            if (!MailboxList.TryParse(field.Span, most, out var mailboxes)) return $"{name} cannot be read, or has more than {most} addresses";
            all.AddRange(mailboxes);
        }
        return all.Count > Most ? $"there are more than {Most} authors" : null;
    }
}
