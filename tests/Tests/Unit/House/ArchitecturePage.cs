using System.Text;
using System.Text.RegularExpressions;

namespace Aviso.Tests.Unit.House;

/// <summary>The two tables of docs/architecture.md that the symbols write: the last column of the folders' table, and the rooms with what
/// they use.</summary>
internal static partial class ArchitecturePage
{
    private const string Begin = "<!-- rooms: written by ./dev rooms -->";
    private const string End = "<!-- rooms end -->";

    /// <summary>The page with both tables drawn anew; everything else stays.</summary>
    public static string Draw(string page)
    {
        page = FolderRow().Replace(page, row => $"{row.Groups["front"].Value} {Uses(row.Groups["folder"].Value)} |");
        var (from, to) = (page.IndexOf(Begin, StringComparison.Ordinal), page.IndexOf(End, StringComparison.Ordinal));
        if (from < 0 || to < from) throw new InvalidOperationException($"docs/architecture.md lacks the lines {Begin} and {End}");
        return page[..from] + Begin + "\n" + RoomRows() + page[to..];
    }

    private static string Uses(string folder)
    {
        if (folder == "Server") return "all";
        var used = Arrows.OfSubjects.Where(arrow => arrow.From.Subject == folder && arrow.To.Subject != "Base")
            .Select(arrow => arrow.To.Subject).Order(StringComparer.Ordinal);
        return string.Join(", ", used) is { Length: > 0 } names ? names : "-";
    }

    private static string RoomRows()
    {
        var arrows = Arrows.OfRooms.ToLookup(arrow => arrow.From, arrow => arrow.To.Room);
        var text = new StringBuilder("| Room | Uses, of its own subject |\n|---|---|\n");
        foreach (var room in Arrows.All.Keys.Where(place => place.Room.Length > 0))
            text.Append($"| `{room}` | {(arrows[room].Any() ? string.Join(", ", arrows[room].Order(StringComparer.Ordinal)) : "-")} |\n");
        return text.ToString();
    }

    [GeneratedRegex(@"^(?<front>\| `src/(?:[A-Z][a-z]+/)?(?<folder>[A-Za-z]+)` \|[^|\n]*\|)[^|\n]*\|$", RegexOptions.Multiline)]
    private static partial Regex FolderRow();
}
