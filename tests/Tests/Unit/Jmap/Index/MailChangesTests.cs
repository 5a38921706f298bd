using Aviso.Jmap;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap.Index;

/// <summary>A client that only hears of changes knows what there is, from whatever state it begins and however little it wants at
/// once.</summary>
public sealed class MailChangesTests
{
    [Theory]
    [InlineData(1, 1000)]
    [InlineData(2, 1000)]
    [InlineData(3, 1)]
    [InlineData(4, 3)]
    [InlineData(5, 1)]
    [InlineData(6, 2)]
    [InlineData(7, 1)]
    [InlineData(8, 5)]
    [InlineData(9, 1)]
    [InlineData(10, 2)]
    [InlineData(11, 1)]
    [InlineData(12, 1)]
    [InlineData(13, 2)]
    [InlineData(14, 3)]
    [InlineData(15, 1)]
    [InlineData(16, 1)]
    [InlineData(17, 1)]
    [InlineData(18, 1)]
    public async Task A_client_that_hears_of_changes_knows_what_there_is(int seed, int most)
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var random = new Random(seed);
        var run = new MixedRun(s, random);
        var mails = new AccountMails(s.Test.Store);
        var client = new Client(s, most);
        for (var step = 0; step < 200; step++)
        {
            await run.StepAsync();
            if (random.Next(4) > 0) continue;
            // Now and then from a picture that begins later than the client's state.
            if (random.Next(4) == 0) mails = new(s.Test.Store);
            await client.CatchUpAsync(mails);
        }
    }

    [Fact]
    public async Task Of_one_that_came_and_went_nothing_is_told()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var state = await s.Test.Store.StateAsync(s.Account, default);
        await s.Test.DeliverAsync(s.Account);
        await s.Test.Store.ExpungeAsync(s.Account, s.Inbox, null, onlyDeleted: false, default);
        var changes = await SinceAsync(s, state);
        Assert.Empty(changes.Emails());
        Assert.Empty(changes.Threads());
    }

    [Fact]
    public async Task When_only_counts_changed_it_is_said()
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        var mails = new AccountMails(s.Test.Store);
        await mails.OfAsync(s.Account, default);
        var state = await s.Test.Store.StateAsync(s.Account, default);
        await s.Test.DeliverAsync(s.Account);
        var changes = await SinceAsync(s, state, mails);
        Assert.Equal([new(s.Inbox.Value, ChangeKind.Updated, state + 1)], changes.Mailboxes(out var onlyCounts));
        Assert.True(onlyCounts);
        // A flag that is counted nowhere changes no mailbox.
        await s.Test.Store.StoreFlagsAsync(s.Account, s.Inbox, [1], new(FlagOperation.Add, SystemFlags.Flagged, []), null, default);
        Assert.Empty((await SinceAsync(s, state + 1, mails)).Mailboxes(out onlyCounts));
        Assert.False(onlyCounts);
        await s.Test.Store.SetSubscribedAsync(s.Account, "INBOX", subscribed: false, default);
        Assert.Single((await SinceAsync(s, state, mails)).Mailboxes(out onlyCounts));
        Assert.False(onlyCounts);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("999999")]
    [InlineData("x")]
    [InlineData("7.x")]
    public async Task A_state_that_is_not_known_is_cannotCalculateChanges(string state)
    {
        await using var s = await EmailSetTests.Scene.OpenAsync();
        await s.Test.RebuildAsync();
        var mail = (await new AccountMails(s.Test.Store).OfAsync(s.Account, default))!;
        var failure = await Assert.ThrowsAsync<MethodFailure>(
            async () => await MailChanges.SinceAsync(mail, ChangePoint.Read(state), s.Test.Store, default));
        Assert.Equal("cannotCalculateChanges", failure.Type);
    }

    private static async Task<MailChanges> SinceAsync(EmailSetTests.Scene s, long state, AccountMails? mails = null)
    {
        var mail = (await (mails ?? new(s.Test.Store)).OfAsync(s.Account, default))!;
        return await MailChanges.SinceAsync(mail, ChangePoint.At(state), s.Test.Store, default);
    }

    private sealed class Client(EmailSetTests.Scene s, int most)
    {
        private readonly Dictionary<string, string> _emails = [], _threads = [], _mailboxes = [];
        // More than there can be changes.
        private const int MostParts = 10_000;

        private readonly string[] _states = ["", "", ""];

        public async Task CatchUpAsync(AccountMails mails)
        {
            var mail = (await mails.OfAsync(s.Account, default))!;
            await CatchUpAsync(0, _emails, mail, changes => changes.Emails(), Emails(mail));
            await CatchUpAsync(1, _threads, mail, changes => changes.Threads(), Threads(mail));
            await CatchUpAsync(2, _mailboxes, mail, changes => changes.Mailboxes(out _), Mailboxes(mail));
        }

        private async Task CatchUpAsync(
            int type, Dictionary<string, string> known, AccountMail mail, Func<MailChanges, List<Change>> of,
            Dictionary<string, string> present)
        {
            if (_states[type].Length == 0)
            {
                foreach (var (id, look) in present) known[id] = look;
                _states[type] = ChangePoint.At(mail.State).ToString();
                return;
            }
            ChangesAnswer answer;
            var parts = 0;
            do
            {
                Assert.True(++parts < MostParts, $"{type} is told without end, at {_states[type]} of {mail.State}");
                var changes = of(await MailChanges.SinceAsync(mail, ChangePoint.Read(_states[type]), s.Test.Store, default));
                answer = ChangeLog.Answer(new(_states[type], most), changes, mail.State);
                Assert.InRange(answer.Created.Count + answer.Updated.Count + answer.Destroyed.Count, answer.HasMoreChanges ? 1 : 0, most);
                foreach (var id in answer.Created)
                {
                    // A thread that went and came again between two parts of an answer is created anew.
                    Assert.True(known.TryAdd(id, "") || (type == 1 && most < 1000), id + " was known");
                    known[id] = present[id];
                }
                foreach (var id in answer.Updated)
                {
                    Assert.True(known.ContainsKey(id), id + " was not known");
                    known[id] = present[id];
                }
                // RFC 8620 §5.2: what was created and destroyed since may be told as destroyed.
                foreach (var id in answer.Destroyed) Assert.True(known.Remove(id) || most < 1000, id + " was not known");
                _states[type] = answer.NewState;
            }
            while (answer.HasMoreChanges);
            Assert.Equal(present.OrderBy(pair => pair.Key), known.OrderBy(pair => pair.Key));
        }

        private static Dictionary<string, string> Emails(AccountMail mail) => mail.From(0).ToDictionary(
            row => row.Id.ToString(),
            row => string.Join(',', mail.KeywordsOf(row).Order())
                + string.Join(',', mail.MailboxesOf(row).Select(mailbox => mailbox.Id.ToString()).Order()));

        private static Dictionary<string, string> Threads(AccountMail mail) => mail.From(0).Select(row => row.Thread).Distinct()
            .ToDictionary(thread => thread.ToString(), thread => string.Join(',', mail.Thread(thread).Select(row => row.Id)));

        private static Dictionary<string, string> Mailboxes(AccountMail mail) => mail.Mailboxes.All.ToDictionary(
            mailbox => mailbox.Id.ToString(), mailbox => $"{mailbox.Info.Name} {mail.CountsOf(mailbox) with { ChangedAt = 0 }}");
    }
}
