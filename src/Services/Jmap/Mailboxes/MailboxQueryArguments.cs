using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §2.3: all of these that are given must hold.</summary>
/// <param name="Parent">Null: not asked; with a null value: the top.</param>
internal sealed record MailboxCondition(
    ValueTuple<string?>? Parent, string? Text, ValueTuple<string?>? Role, bool? HasAnyRole, bool? IsSubscribed)
{
    private static readonly string[] Known = ["parentId", "name", "role", "hasAnyRole", "isSubscribed"];

    public static MailboxCondition Read(JsonElement value, CreatedIds created)
    {
        foreach (var one in value.EnumerateObject())
            if (!Known.Contains(one.Name)) throw new MethodFailure("unsupportedFilter", $"mailboxes are not found by {one.Name}");
        var reader = new ArgumentReader(value);
        return new(
            value.TryGetProperty("parentId"u8, out _) ? new(ParentOf(reader.TextOrNull("parentId"), created)) : null,
            value.TryGetProperty("name"u8, out _) ? reader.Text("name") : null,
            value.TryGetProperty("role"u8, out _) ? new(reader.TextOrNull("role")) : null,
            value.TryGetProperty("hasAnyRole"u8, out _) ? reader.Flag("hasAnyRole", false) : null,
            value.TryGetProperty("isSubscribed"u8, out _) ? reader.Flag("isSubscribed", false) : null);
    }

    private static string? ParentOf(string? id, CreatedIds created) => id is null ? null : created.Resolve(id) ?? id;

    public bool Holds(MailboxNode mailbox)
    {
        var info = mailbox.Mailbox.Info;
        if (Parent is { Item1: var parent } && mailbox.Parent?.Mailbox.Id.ToString() != parent) return false;
        if (Text is { } text && !mailbox.Name.Contains(text, StringComparison.OrdinalIgnoreCase)) return false;
        if (Role is { Item1: var role } && MailboxRoles.Of(info.SpecialUse) != role) return false;
        if (HasAnyRole is { } any && any != (info.SpecialUse != SpecialUse.None)) return false;
        return IsSubscribed is not { } subscribed || subscribed == info.Subscribed;
    }
}

/// <summary>A mailbox with its place in the tree.</summary>
internal sealed class MailboxNode(IndexedMailbox mailbox, string name)
{
    public IndexedMailbox Mailbox => mailbox;

    public string Name => name;

    public MailboxNode? Parent { get; set; }

    /// <summary>From the top down to itself.</summary>
    public IEnumerable<MailboxNode> Path() => Parent is null ? [this] : Parent.Path().Append(this);
}

/// <summary>Which mailboxes are wanted and in which order (RFC 8621 §2.3); the same for /query and /queryChanges.</summary>
internal sealed record MailboxQueryArguments(
    FilterNode<MailboxCondition>? Filter, IReadOnlyList<Comparator> Sort, bool SortAsTree, bool FilterAsTree)
{
    public static MailboxQueryArguments Read(Call call, ArgumentReader reader, JmapLimits limits) => new(
        new FilterReader<MailboxCondition>(limits, one => MailboxCondition.Read(one, call.Created)).Read(reader),
        Comparator.ReadAll(reader, static property => property is "sortOrder" or "name"),
        reader.Flag("sortAsTree", false), reader.Flag("filterAsTree", false));

    /// <summary>The result, in order.</summary>
    public List<MailboxNode> Run(AccountMail mail)
    {
        var nodes = mail.Mailboxes.All.ToDictionary(
            static mailbox => mailbox.Info.Name, static mailbox => new MailboxNode(mailbox, MailboxObject.NameOf(mailbox.Info)),
            StringComparer.Ordinal);
        foreach (var node in nodes.Values)
        {
            var end = node.Mailbox.Info.Name.LastIndexOf('/');
            node.Parent = end < 0 ? null : nodes.GetValueOrDefault(node.Mailbox.Info.Name[..end]);
        }
        var found = nodes.Values.Where(node => FilterAsTree ? node.Path().All(Holds) : Holds(node)).ToList();
        if (SortAsTree) found.Sort(CompareInTree);
        else found.Sort(Compare);
        return found;
    }

    private bool Holds(MailboxNode node) => Filter?.Matches(node, static (condition, mailbox) => condition.Holds(mailbox)) ?? true;

    private int CompareInTree(MailboxNode a, MailboxNode b)
    {
        using var first = a.Path().GetEnumerator();
        using var second = b.Path().GetEnumerator();
        while (true)
        {
            var (hasFirst, hasSecond) = (first.MoveNext(), second.MoveNext());
            // An ancestor comes before what is below it.
            if (!hasFirst || !hasSecond) return hasFirst.CompareTo(hasSecond);
            if (first.Current != second.Current) return Compare(first.Current, second.Current);
        }
    }

    /// <summary>RFC 8620 §5.5: what the comparators leave equal has an order that does not change; ours is that of RFC 8621 §2.</summary>
    private int Compare(MailboxNode a, MailboxNode b)
    {
        foreach (var comparator in Sort)
        {
            var order = comparator.Property == "name" ? Collation.Find(comparator.Collation).CompareTexts(a.Name, b.Name)
                : a.Mailbox.Info.SortOrder.CompareTo(b.Mailbox.Info.SortOrder);
            if (order != 0) return comparator.IsAscending ? order : -order;
        }
        if (a.Mailbox.Info.SortOrder.CompareTo(b.Mailbox.Info.SortOrder) is not 0 and var sort) return sort;
        if (Collation.Default.CompareTexts(a.Name, b.Name) is not 0 and var name) return name;
        return a.Mailbox.Id.Value.CompareTo(b.Mailbox.Id.Value);
    }
}
