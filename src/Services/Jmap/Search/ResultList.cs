using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The whole result of a plan at one state of the account. Immutable.</summary>
/// <param name="State">The account's.</param>
/// <param name="Emails">In the plan's order.</param>
internal sealed record ResultList(long State, IReadOnlyList<SortedEmail> Emails)
{
    private IReadOnlyList<SortedEmail>? _collapsed;

    /// <summary>About what it holds on the heap: texts that are sorted by are taken to be of middling length.</summary>
    public long Octets => 256 + (Emails.Count * (Emails.Count == 0 ? 0 : 80L + (Emails[0].Keys.Length * 80L)));

    /// <summary>RFC 8621 §4.4.3: of each thread its first email only.</summary>
    public IReadOnlyList<SortedEmail> Collapsed => _collapsed ??= Collapse();

    public IReadOnlyList<SortedEmail> Of(bool collapseThreads) => collapseThreads ? Collapsed : Emails;

    private List<SortedEmail> Collapse()
    {
        var seen = new HashSet<ThreadId>(Emails.Count);
        return [.. Emails.Where(email => seen.Add(email.Thread))];
    }
}
