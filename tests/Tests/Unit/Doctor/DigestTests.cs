using System.Globalization;
using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>The weekly letter: what it says, and that there is one a week.</summary>
public sealed class DigestTests
{
    private static readonly DateOnly Monday = new(2026, 11, 23);

    private static MailDay Day(int offset, long accepted, long used = 0, Dictionary<string, AccountTally>? accounts = null,
        params (string Word, long Count)[] more) => new(Monday.AddDays(offset),
            more.Append((FlowWord.Accepted, accepted)).ToDictionary(c => c.Item1, c => c.Item2), accounts ?? [], used);

    private static DigestFacts Facts(params MailDay[] days) => new("mail.example.org", Monday,
        new(2026, 11, 30, 8, 0, 0, TimeSpan.Zero), TimeZoneInfo.Utc, days, [], [], new(0, 0, 0, null), null, null,
        id => id == "gone" ? null : id + "@example.org");

    private static StandingFinding Standing(FindingCode code, string says, DateTimeOffset since) =>
        new(new(code, "x", says, "seen", "Mend it."), since, null, null);

    [Fact]
    public void It_says_in_sentences_what_happened_and_how_that_was_in_the_week_before()
    {
        var at = new DateTimeOffset(2026, 11, 25, 14, 30, 0, TimeSpan.Zero);
        var facts = Facts(
            Day(-7, 1000, used: 10L << 30, more: [(FlowWord.Junk, 7), (FlowWord.Delivered, 3)]),
            Day(0, 600, accounts: new() { ["alice"] = new(40, 2), ["gone"] = new(900, 0) },
                more: [(FlowWord.Refused, 12), (FlowWord.RefusedFor + "unknown", 9), (FlowWord.RefusedFor + "spam", 3),
                    (FlowWord.Sent, 1)]),
            Day(6, 604, used: 11L << 30, accounts: new() { ["alice"] = new(2, 0), ["bob"] = new(50, 1) },
                more: [(FlowWord.Junk, 7), (FlowWord.Failed, 2), (FlowWord.Delivered, 1), (FlowWord.TurnedAway, 1)])) with
        {
            Findings = [Standing(FindingCode.QueueOld, "mail for elsewhere.example waits", at),
                Standing(FindingCode.DiskFull, "the disk is full", at.AddDays(-30))],
            Cleared = [(Standing(FindingCode.SpfMissing, "example.net has no SPF record", at), at.AddHours(3)),
                (Standing(FindingCode.SpfMissing, "long over", at.AddDays(-20)), at.AddDays(-19))],
            Queue = new(3, 4, 1, at.ToUnixTimeMilliseconds()),
            Disk = new("/data", 20L << 30, 9L << 30, 0, 0),
            Backups = [new("disk", at, null, null), new("nas", null, at, "no route to host")],
        };
        Assert.Equal("mail.example.org: the week from Monday 23 November to Sunday 29 November", new DigestText(facts).Subject);
        Assert.Equal("""
            This is what mail.example.org did from Monday 23 November to Sunday 29
            November 2026.

            MAIL
            1,204 messages were accepted, 204 more than in the week before.
            One copy was put into mailboxes here, 2 fewer than in the week before.
            One recipient elsewhere got mail from here, 1 more than in the week before;
            2 could not be reached.
            7 messages were put aside as junk, as many as in the week before.

            REFUSED
            Mail was refused or put off 12 times, 12 more than in the week before,
            because
              - nobody here has the address: 9
              - the filter was sure that it was junk: 3
            One connection was not let in at all, 1 more than in the week before.

            BUSIEST ACCOUNTS
              - bob@example.org: 50 came, 1 went
              - alice@example.org: 42 came, 2 went

            WHAT WAS WRONG
            Came up and still stands:
              - mail for elsewhere.example waits (queue-old, since Wed 25 Nov 14:30)
            Stands since before this week:
              - the disk is full (disk-full, since Mon 26 Oct 14:30)
            Cleared:
              - example.net has no SPF record (from Wed 25 Nov 14:30 to Wed 25 Nov
                17:30)

            WAITING TO BE SENT
            3 messages for 4 recipients wait, the oldest since Wed 25 Nov 14:30; one is
            held until somebody releases it.

            DISK
            11.0 GB of 20.0 GB are in use, 1.0 GB more than a week before; 9.0 GB are
            free.

            BACKUPS
            disk: the last whole copy is of Wed 25 Nov 14:30; none was ever read back.
            nas: no whole copy since the start, the last one that was read back and
            found whole is of Wed 25 Nov 14:30. There is a problem: no route to host.

            `aviso describe` on mail.example.org shows the server as it is now, `aviso
            doctor` what is wrong and what to do. `events: { digest: { day: never } }`
            in the settings ends these letters.

            """.ReplaceLineEndings("\n"), new DigestText(facts).Write());
    }

    [Fact]
    public void A_week_that_was_not_counted_whole_is_compared_with_nothing()
    {
        var text = new DigestText(Facts(Day(2, 5), Day(3, 5))).Write();
        Assert.Contains("Mail has only been counted since Wednesday 25 November.", text, StringComparison.Ordinal);
        Assert.Contains("10 messages were accepted.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("the week before", text, StringComparison.Ordinal);
        // The week itself was whole, the one before was not.
        text = new DigestText(Facts(Day(-2, 5), Day(0, 5))).Write();
        Assert.DoesNotContain("only been counted", text, StringComparison.Ordinal);
        Assert.DoesNotContain("in the week before", text, StringComparison.Ordinal);
        text = new DigestText(Facts()).Write();
        foreach (var words in (string[])["Nothing was counted in this week", "No messages were accepted.", "No mail was refused",
            "Nothing waits.",
            "No backups are made. If this disk fails, all mail is lost.", "Nothing that the doctor knows of."])
            Assert.Contains(words, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_reason_to_refuse_has_words()
    {
        var refusals = Reason.All.TakeWhile(r => r != Reason.LoginFailed).ToList();
        Assert.True(refusals.Count > 15);
        Assert.All(refusals, r => Assert.DoesNotContain("of the reason", RefusalWords.Of(r.Word), StringComparison.Ordinal));
        Assert.Equal("of the reason \"new\"", RefusalWords.Of("new"));
    }

    [Theory]
    [InlineData("2026-11-30T08:00", "2026-11-30T08:00")]
    [InlineData("2026-11-30T07:59", "2026-11-23T08:00")]
    [InlineData("2026-12-06T23:00", "2026-11-30T08:00")]
    public void It_is_due_at_its_hour(string now, string due) => Assert.Equal(
        DateTime.Parse(due, CultureInfo.InvariantCulture),
        DigestDesk.LastDue(DayOfWeek.Monday, 8, DateTime.Parse(now, CultureInfo.InvariantCulture)));

    [Fact]
    public async Task There_is_one_a_week_over_restarts_and_late_when_the_server_was_down()
    {
        await using var scene = await Scene.OpenAsync();
        await scene.HoursAsync(1);
        // The week of a fresh server is not over.
        Assert.Equal(0, await scene.LettersAsync());
        await scene.HoursAsync(7 * 24);
        Assert.Equal(1, await scene.LettersAsync());
        // A restart each hour for two weeks.
        for (var hour = 0; hour < 14 * 24; hour++)
        {
            scene.Restart();
            await scene.HoursAsync(1);
        }
        Assert.Equal(3, await scene.LettersAsync());
        // Down over one due time: one letter, at once.
        scene.Restart();
        scene.Clock.Advance(TimeSpan.FromDays(7));
        await scene.Desk.StepAsync(default);
        Assert.Equal(4, await scene.LettersAsync());
        await scene.HoursAsync(24);
        Assert.Equal(4, await scene.LettersAsync());
    }

    [Fact]
    public async Task Another_day_in_the_settings_does_not_make_two_letters_of_one_week()
    {
        await using var scene = await Scene.OpenAsync();
        await scene.HoursAsync(8 * 24);
        Assert.Equal(1, await scene.LettersAsync());
        scene.Day = scene.Clock.GetLocalNow().DayOfWeek;
        scene.Restart();
        await scene.HoursAsync(26);
        Assert.Equal(1, await scene.LettersAsync());
        await scene.HoursAsync(13 * 24);
        Assert.InRange(await scene.LettersAsync(), 2, 3);
        scene.Day = null;
        scene.Restart();
        var before = await scene.LettersAsync();
        await scene.HoursAsync(15 * 24);
        Assert.Equal(before, await scene.LettersAsync());
    }

    [Fact]
    public async Task What_is_not_taken_is_tried_again_and_goes_once()
    {
        await using var scene = await Scene.OpenAsync();
        await scene.HoursAsync(1);
        scene.To = "nobody@example.org";
        scene.Restart();
        await scene.HoursAsync(8 * 24);
        Assert.Equal(0, await scene.LettersAsync());
        scene.To = "you@elsewhere.example";
        scene.Restart();
        await scene.HoursAsync(24);
        Assert.Equal(1, await scene.LettersAsync());
    }

    [Fact]
    public async Task A_stop_in_the_middle_sends_nothing_twice()
    {
        await using var scene = await Scene.OpenAsync();
        await scene.HoursAsync(1);
        await scene.HoursAsync(7 * 24);
        Assert.Equal(1, await scene.LettersAsync());
        // Killed after the letter was stored and before that was written down.
        var sent = (await scene.Store.Store.GetDocumentAsync(default, "digest", "last", default))!;
        Assert.Contains("false", Encoding.UTF8.GetString(sent.Value), StringComparison.Ordinal);
        await scene.Store.Store.ChangeDocumentsAsync([sent with
        {
            Value = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(sent.Value).Replace("false", "true", StringComparison.Ordinal)),
        }], [], default);
        scene.Restart();
        await scene.HoursAsync(48);
        Assert.Equal(1, await scene.LettersAsync());
        await scene.HoursAsync(7 * 24);
        Assert.Equal(2, await scene.LettersAsync());
    }

    /// <summary>A desk over a real store; the letters stand in its queue.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly FindingBook _book;

        private Scene(TestStore store, FindingBook book) => (Store, _book, Desk) = (store, book, Make(store, book, this));

        public TestStore Store { get; }

        public TestClock Clock => Store.Clock;

        public DigestDesk Desk { get; private set; }

        public DayOfWeek? Day { get; set; } = DayOfWeek.Monday;

        public string To { get; set; } = "you@elsewhere.example";

        public static async Task<Scene> OpenAsync()
        {
            var store = await TestStore.OpenAsync();
            return new(store, await FindingBook.OpenAsync(store.Store, store.Clock, NullLogger.Instance, default));
        }

        public void Restart() => Desk = Make(Store, _book, this);

        public async Task HoursAsync(int hours)
        {
            for (var hour = 0; hour < hours; hour++)
            {
                Clock.Advance(TimeSpan.FromHours(1));
                await Desk.StepAsync(default);
            }
        }

        public async Task<int> LettersAsync() => (await Store.Store.ListQueueAsync(new(), 100, default)).Count;

        public ValueTask DisposeAsync() => Store.DisposeAsync();

        private static DigestDesk Make(TestStore store, FindingBook book, Scene scene)
        {
            var parts = new EventMailParts(store.Store, new MessageReader(), new Addresses(), _ => ["elsewhere.example"],
                () => "postmaster@example.org", (_, _) => default, () => { });
            var letter = new OwnerLetter([scene.To], parts, book, new(() => "mail.example.org", store.Clock));
            return new(store.Store, (from, _) => Task.FromResult(Facts() with { From = from }), store.Clock, NullLogger.Instance)
            {
                Plan = scene.Day is { } day ? new(day, 8, letter) : null,
            };
        }
    }

    private sealed class Addresses : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) =>
            new(new NoticeAddress(null, sender) { IsNobody = sender.StartsWith("nobody", StringComparison.Ordinal) });
    }
}
