using System.Text;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>Who may use whom, by symbols: the law between subjects stands here, what is stands in docs/architecture.md and is written by
/// `./dev rooms`.</summary>
public sealed class ArrowTests
{
    private const string Rooms =
        "docs/architecture.md no longer says what the code does: run ./dev rooms (or AVISO_WRITE=1 with this test) and commit the page.";

    // Base is everybody's; Server may use all.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Base"] = [],
        ["Mime"] = [],
        ["Dns"] = [],
        ["Net"] = ["Dns"],
        ["Smtp"] = ["Net"],
        ["MailAuth"] = ["Mime", "Dns"],
        ["Sieve"] = ["Mime"],
        ["Store"] = [],
        ["Accounts"] = ["Store", "Net"],
        ["Trace"] = ["Store"],
        ["Spam"] = ["Mime", "Dns", "Net", "MailAuth", "Store"],
        ["Guard"] = ["Smtp", "Net", "Store"],
        ["Delivery"] = ["Smtp", "MailAuth", "Sieve", "Spam", "Store", "Accounts", "Dns", "Mime", "Net", "Trace"],
        ["Backup"] = ["Net", "Store"],
        ["Doctor"] = ["Delivery", "Dns", "MailAuth", "Mime", "Net", "Smtp", "Store"],
        ["Imap"] = ["Net", "Mime", "Store"],
        ["Pop3"] = ["Mime", "Net", "Store"],
        ["ManageSieve"] = ["Net", "Sieve", "Store", "Accounts"],
        ["Moving"] = ["Accounts", "Imap", "Mime", "Net", "Sieve", "Store"],
        ["Jmap"] = ["Mime", "Net", "Sieve", "Smtp", "Store", "Accounts"],
    };

    [Fact]
    public void Folders_use_only_the_folders_their_arrows_point_to()
    {
        var wrong = Arrows.All.SelectMany(from => from.Value.Select(to => new Arrow(from.Key, to)))
            .Where(arrow => arrow.From.Subject != "Server" && arrow.To.Subject != "Base" && arrow.To.Subject != arrow.From.Subject)
            .Where(arrow => !Allowed.TryGetValue(arrow.From.Subject, out var allowed) || !allowed.Contains(arrow.To.Subject))
            .Select(arrow => $"{arrow.From.Subject} must not use {arrow.To.Subject}: {Arrows.Example(arrow)}").Order();
        Findings.None(wrong);
    }

    [Fact]
    public void Every_allowed_arrow_is_used() => Findings.None(
        Allowed.SelectMany(from => from.Value.Select(to => new Arrow(new(from.Key, ""), new(to, "")))).Except(Arrows.OfSubjects)
            .Select(arrow => $"{arrow.From} -> {arrow.To}"));

    [Fact]
    public void Every_folder_has_a_line_in_the_table_of_arrows_and_every_line_a_folder() => Assert.Equal(
        Allowed.Keys.Append("Server").Order(StringComparer.Ordinal), Arrows.All.Keys.Select(place => place.Subject).Distinct()
            .Order(StringComparer.Ordinal));

    /// <summary>A circle of rooms is one room with walls in the way. Arrows that close one today stand in <see cref="UpArrows"/>, each with
    /// its reason.</summary>
    [Fact]
    public void Rooms_of_a_subject_make_no_circle()
    {
        // Server's rooms are one process put together: they are drawn, not judged.
        var arrows = Arrows.OfRooms.Where(arrow =>
            arrow.From.Subject != "Server" && !UpArrows.All.ContainsKey($"{arrow.From} -> {arrow.To}")).ToList();
        var (forwards, backwards) =
            (arrows.ToLookup(arrow => arrow.From, arrow => arrow.To), arrows.ToLookup(arrow => arrow.To, arrow => arrow.From));
        Findings.None(
            arrows.Where(arrow => Reach(arrow.To, forwards).Contains(arrow.From) && Reach(arrow.From, backwards).Contains(arrow.To))
            .Select(arrow =>
                $"{arrow.From} -> {arrow.To} is part of a circle (take it away, or give its reason in UpArrows.cs): {Arrows.Example(arrow)}"));
    }

    [Fact]
    public void Arrows_that_are_known_to_run_up_still_do_and_say_why()
    {
        Findings.None(UpArrows.All.Keys.Except(Arrows.OfRooms.Select(arrow => $"{arrow.From} -> {arrow.To}")).Select(gone =>
            $"{gone} is gone: take it out of UpArrows.cs"));
        Assert.All(UpArrows.All.Values, reason => Assert.Contains(' ', reason));
    }

    [Fact]
    public void The_page_of_the_architecture_says_what_the_symbols_say()
    {
        Findings.NotInTheInnerLoop();
        var path = Path.Combine(Checkout.Root, "docs/architecture.md");
        var (page, drawn) = (File.ReadAllText(path), ArchitecturePage.Draw(File.ReadAllText(path)));
        if (Environment.GetEnvironmentVariable("AVISO_WRITE") == "1") File.WriteAllText(path, drawn);
        else if (page != drawn) Assert.Fail($"{Rooms}\n{Difference(page, drawn)}");
    }

    private static HashSet<Place> Reach(Place from, ILookup<Place, Place> arrows)
    {
        var (reached, waiting) = (new HashSet<Place> { from }, new Stack<Place>([from]));
        while (waiting.TryPop(out var at))
            foreach (var next in arrows[at]) if (reached.Add(next)) waiting.Push(next);
        return reached;
    }

    private static string Difference(string page, string drawn)
    {
        var (old, now) = (page.Split('\n'), drawn.Split('\n'));
        var text = new StringBuilder();
        foreach (var line in old.Except(now)) text.Append("- ").AppendLine(line);
        foreach (var line in now.Except(old)) text.Append("+ ").AppendLine(line);
        return text.ToString();
    }
}
