using System.Globalization;
using Aviso.Trace;
using Xunit;

namespace Aviso.Tests.Unit.Trace;

/// <summary>The files: what they keep, what they bear, and how much of them there is.</summary>
public sealed class TraceStoreTests
{
    private static readonly TraceOptions Small = new() { Size = 4 << 20 };

    [Fact]
    public async Task What_was_told_is_there_after_a_restart()
    {
        await using var scene = new TraceScene(Small);
        var ids = Enumerable.Range(0, 300).Select(i => scene.Tell(messageId: $"{i}@sender.example")).ToList();
        await scene.ReopenAsync(Small);
        for (var i = 0; i < 300; i += 50) Assert.Equal([ids[i]], scene.Ids($"{i}@sender.example"));
        var later = scene.Tell(messageId: "later@sender.example");
        Assert.Equal([later], scene.Ids("later@sender.example"));
    }

    [Fact]
    public async Task A_crash_loses_what_was_not_whole_and_nothing_before_it()
    {
        await using var scene = new TraceScene(Small);
        var ids = Enumerable.Range(0, 20).Select(i => scene.Tell(messageId: $"{i}@sender.example")).ToList();
        scene.Recorder.Flush();
        var file = Assert.Single(Directory.GetFiles(scene.Files));
        using (var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            var whole = new byte[open.Length];
            open.ReadExactly(whole);
            // Cut at every octet of the last entries, as a crash may leave it.
            for (var cut = 1; cut < 700; cut += 7)
            {
                await scene.ReopenAsync(Small, () =>
                {
                    foreach (var old in Directory.GetFiles(scene.Files)) File.Delete(old);
                    File.WriteAllBytes(file, whole[..^cut]);
                });
                Assert.Equal([ids[0]], scene.Ids("0@sender.example"));
                Assert.Equal([ids[15]], scene.Ids("15@sender.example"));
                Assert.Empty(scene.Ids("19@sender.example"));
            }
        }
    }

    [Fact]
    public async Task A_full_disk_leaves_no_files_and_no_memory_and_afterwards_it_goes_on()
    {
        await using var scene = new TraceScene(Small);
        var before = scene.Tell(messageId: "before@sender.example");
        await scene.ReopenAsync(Small);
        // A file is begun anew after the start, at the next number.
        for (var i = 2; i < 6; i++) File.CreateSymbolicLink(Path.Combine(scene.Files, $"{i:D8}.trace"), "/dev/full");
        for (var i = 0; i < 4; i++)
        {
            scene.Tell(messageId: "lost@sender.example");
            scene.Recorder.Flush();
            Assert.Single(scene.Recorder.Folder.Segments);
        }
        var after = scene.Tell(messageId: "after@sender.example");
        Assert.Equal([after], scene.Ids("after@sender.example"));
        Assert.Equal([before], scene.Ids("before@sender.example"));
        Assert.Equal(2, Directory.GetFiles(scene.Files).Length);
    }

    [Fact]
    public async Task Files_that_are_none_are_passed_over()
    {
        await using var scene = new TraceScene(Small);
        var id = scene.Tell();
        await scene.ReopenAsync(Small, () =>
        {
            File.WriteAllText(Path.Combine(scene.Files, "00000777.trace"), "no trace at all, but long enough to be one of them");
            File.WriteAllText(Path.Combine(scene.Files, "notes.txt"), "hello");
            File.WriteAllBytes(Path.Combine(scene.Files, "00000778.trace"), []);
        });
        Assert.Equal([id], scene.Ids("sender.example"));
        Assert.True(File.Exists(Path.Combine(scene.Files, "notes.txt")));
    }

    /// <summary>A small bound here; the million messages of `./dev bench trace` are the same in large.</summary>
    [Fact]
    public async Task However_much_is_told_the_files_stay_within_their_bound_and_the_newest_are_there()
    {
        await using var scene = new TraceScene(Small);
        var (most, last) = (0L, "");
        for (var i = 0; i < 40_000; i++)
        {
            last = scene.Tell(messageId: $"{i}@sender.example", subject: $"number {i} of many");
            scene.Clock.Advance(TimeSpan.FromMilliseconds(10));
            if (i % 500 != 0) continue;
            scene.Recorder.Flush();
            most = Math.Max(most, Directory.GetFiles(scene.Files).Sum(f => new FileInfo(f).Length));
        }
        Assert.InRange(most, Small.Size * 8 / 10, Small.Size);
        Assert.Equal([last], scene.Ids("39999@sender.example"));
        Assert.Empty(scene.Ids("0@sender.example"));
        Assert.Null(scene.Recorder.Lost);
    }

    [Fact]
    public async Task What_is_older_than_its_days_is_dropped()
    {
        var options = Small with { Keep = TimeSpan.FromDays(30) };
        await using var scene = new TraceScene(options);
        var ids = new List<string>();
        for (var day = 0; day < 60; day++)
        {
            ids.Add(scene.Tell(messageId: $"{day}@sender.example"));
            scene.Recorder.Flush();
            scene.Clock.Advance(TimeSpan.FromDays(1));
        }
        scene.Recorder.Flush();
        Assert.Empty(scene.Find("27@sender.example"));
        Assert.Equal([ids[32]], scene.Ids("32@sender.example"));
        Assert.Equal([ids[59]], scene.Ids("59@sender.example"));
        // Nothing more comes: the last goes too.
        scene.Clock.Advance(TimeSpan.FromDays(40));
        scene.Recorder.Flush();
        Assert.Empty(scene.Find("sender.example"));
        Assert.True(scene.Recorder.Octets < 1000);
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_costs_traces_and_says_so_and_mail_never_hears_of_it()
    {
        await using var scene = new TraceScene(Small);
        scene.Tell();
        scene.Recorder.Flush();
        await scene.ReopenAsync(Small);
        var aside = scene.Files + ".aside";
        Directory.Move(scene.Files, aside);
        File.WriteAllText(scene.Files, "in the way");
        scene.Tell();
        scene.Recorder.Flush();
        Assert.Equal(1, scene.Recorder.Lost?.Entries);
        File.Delete(scene.Files);
        Directory.Move(aside, scene.Files);
        var id = scene.Tell(messageId: "after@sender.example");
        Assert.Equal([id], scene.Ids("after@sender.example"));
        Assert.Equal(2, scene.Find("sender.example").Count);
    }

    [Fact]
    public async Task More_than_may_wait_is_counted_as_lost_and_never_waited_for()
    {
        await using var scene = new TraceScene(new() { Size = 128 << 20 });
        // More than the 16 MB that may wait, in less time than the writer takes between two rounds; however it goes, all is accounted for.
        const int told = 200;
        for (var i = 0; i < told; i++)
        {
            scene.Later(e =>
            {
                for (var k = 0; k < 500; k++) e.Event(TraceKind.Script).With(TraceField.To, new string('x', 500));
            });
        }
        scene.Recorder.Flush();
        var kept = scene.Recorder.Octets / 250_000;
        Assert.InRange(kept + (scene.Recorder.Lost?.Entries ?? 0), told - 5, told + 20);
    }

    [Fact]
    public async Task One_message_with_thousands_of_events_is_cut_and_says_how_many_are_left_out()
    {
        await using var scene = new TraceScene();
        var id = scene.Tell(more: e =>
        {
            for (var i = 0; i < 20_000; i++) e.Event(TraceKind.RecipientAccepted).With(TraceField.Recipient, $"someone-{i}@example.org");
        });
        var trace = Assert.Single(scene.Find(id));
        var cut = int.Parse(Assert.Single(trace.Events, e => e.Kind == TraceKind.Cut).Get(TraceField.Count), CultureInfo.InvariantCulture);
        Assert.Equal(20_006, trace.Events.Count - 1 + cut);
    }

    [Fact]
    public async Task Switched_off_nothing_is_recorded()
    {
        await using var scene = new TraceScene(new() { Enabled = false });
        Assert.Null(scene.Recorder.Begin(scene.Clock.GetUtcNow()));
        Assert.Equal(0, scene.Recorder.Octets);
        scene.Recorder.Options = new();
        var id = scene.Tell();
        Assert.Equal([id], scene.Ids("sender.example"));
    }

    /// <summary>The numbers are on disk.</summary>
    [Fact]
    public void The_catalogues_are_frozen()
    {
        Assert.Equal("Connected Mail RecipientAccepted RecipientRefused SenderRefused ConnectionRefused GivenUp Header Authentication "
            + "Judged StepSkipped Script Filed Queued Discarded Trapped Refused Accepted NotFiled Tried Reported Dropped Flagged Moved "
            + "Copied Expunged Made RelaySaid Cut", string.Join(' ', Enumerable.Range(1, 29).Select(n => (TraceKind)n)));
        Assert.Equal("Id Queue Email MessageId Account Client Helo Protocol Tls Login Sender Recipient Author Subject Size Reason "
            + "Reply Cause Method Result Domain Selector Score Required Rule Action Folder Uid Destination Status Set Unset Program From "
            + "To Step Count Took Keywords", string.Join(' ', Enumerable.Range(1, 39).Select(n => (TraceField)n)));
        Assert.Equal((29, 39), (Enum.GetValues<TraceKind>().Length, Enum.GetValues<TraceField>().Length));
        Assert.All(Enum.GetValues<TraceKind>(), kind => Assert.NotEqual("unknown", TraceKinds.Word(kind)));
        Assert.All(Enum.GetValues<TraceKind>(), kind => Assert.NotEqual(TraceKinds.Title(0), TraceKinds.Title(kind)));
    }
}
