using Aviso.Base;

namespace Aviso.Jmap;

internal enum ChangeKind
{
    Created, Updated, Destroyed,
}

/// <param name="ModSeq">When it happened, as far as the client must know.</param>
internal readonly record struct Change(long Id, ChangeKind Kind, long ModSeq);

/// <summary>What changed of one type, cut where the client wants no more at once.</summary>
internal static class ChangeLog
{
    /// <param name="state">The account's present state.</param>
    public static ChangesAnswer Answer(ChangesArguments arguments, List<Change> changes, long state)
    {
        changes.Sort(static (a, b) => (a.ModSeq, a.Id).CompareTo((b.ModSeq, b.Id)));
        var told = changes.Count <= arguments.MaxChanges ? changes : changes.GetRange(0, arguments.MaxChanges);
        var (created, destroyed) = (Of(told, ChangeKind.Created), Of(told, ChangeKind.Destroyed));
        var both = created.Intersect(destroyed).ToHashSet();
        return new(arguments.SinceState, (told == changes ? ChangePoint.At(state) : new(told[^1].ModSeq, told[^1].Id)).ToString())
        {
            HasMoreChanges = told.Count < changes.Count,
            Created = [.. created.Except(both)],
            Updated = [.. Of(told, ChangeKind.Updated), .. both],
            Destroyed = [.. destroyed.Except(both)],
        };
    }

    private static List<string> Of(List<Change> changes, ChangeKind kind) =>
        [.. changes.Where(change => change.Kind == kind).Select(static change => IdText.Format(change.Id))];
}
