using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>Random operations against a model in memory; views, changes and the store's own check must agree at every step.</summary>
public sealed class ModelTests
{
    private static readonly string[] Words = ["$Junk", "$Forwarded", "work", "later", "Important"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task The_store_does_what_the_model_does(int seed)
    {
        await using var t = await TestStore.OpenAsync(with: o => o with { SegmentOctets = 20_000, ViewMemory = 20_000 });
        var run = new Run(t, new Random(seed));
        await run.StartAsync();
        for (var step = 0; step < 400; step++)
        {
            await run.StepAsync();
            if (step % 20 == 0) await run.CompareAsync();
            if (step % 100 == 99)
            {
                await t.ReopenAsync(o => o with { SegmentOctets = 20_000, ViewMemory = 20_000 });
                await run.CompareAsync();
                await t.AssertSoundAsync();
            }
        }
        await run.CompareAsync();
    }

    private sealed class Message(uint uid, EmailId email, string text)
    {
        public uint Uid => uid;

        public EmailId Email => email;

        public string Text => text;

        public SystemFlags Flags { get; set; }

        public HashSet<string> Keywords { get; init; } = new(StringComparer.OrdinalIgnoreCase);

        public long ModSeq { get; set; }
    }

    private sealed class Box(MailboxId id)
    {
        public MailboxId Id => id;

        public SortedDictionary<uint, Message> Live { get; } = [];

        public List<(long ModSeq, uint Uid)> Expunged { get; } = [];

        public uint Next { get; set; } = 1;
    }

    private sealed class Run(TestStore t, Random random)
    {
        private readonly Dictionary<string, Box> _boxes = new(StringComparer.Ordinal);
        private readonly Dictionary<MailboxId, MailboxView> _oldViews = [];
        private AccountId _account;
        private int _made;

        public async Task StartAsync()
        {
            (_account, _) = await t.AccountAsync();
            foreach (var mailbox in await t.Store.ListMailboxesAsync(_account, default)) _boxes[mailbox.Name] = new(mailbox.Id);
        }

        public Task StepAsync()
        {
            t.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(2000)));
            return random.Next(10) switch
            {
                0 or 1 or 2 => DeliverAsync(),
                3 => AppendAsync(),
                4 or 5 => FlagAsync(),
                6 => CopyAsync(move: false),
                7 => CopyAsync(move: true),
                8 => ExpungeAsync(),
                _ => TreeAsync(),
            };
        }

        private async Task DeliverAsync()
        {
            var (name, box) = Any();
            var text = Text();
            var keywords = SomeWords();
            var entry = await t.DeliverAsync(_account, text, name, "P: x\r\n", keywords);
            Add(box, entry.Uid, entry.Email, "P: x\r\n" + text, SystemFlags.None, keywords, entry.ModSeq);
        }

        private async Task AppendAsync()
        {
            var (_, box) = Any();
            var count = random.Next(1, 5);
            var messages = new List<AppendMessage>();
            var texts = new List<string>();
            for (var i = 0; i < count; i++)
            {
                texts.Add(Text());
                messages.Add(new(t.Body(texts[i]), TestStore.Rendered(), SystemFlags.Seen, SomeWords(), 7));
            }
            var done = await t.Store.AppendAsync(_account, box.Id, messages, default);
            for (var i = 0; i < count; i++)
            {
                var entry = done.Value![i];
                Add(box, entry.Uid, entry.Email, texts[i], SystemFlags.Seen, messages[i].Keywords, entry.ModSeq);
                messages[i].Body.Dispose();
            }
        }

        private async Task FlagAsync()
        {
            var (_, box) = Any();
            var uids = SomeUids(box);
            var change = new FlagChange((FlagOperation)random.Next(3), (SystemFlags)random.Next(32), SomeWords());
            long? limit = random.Next(3) == 0 && box.Live.Count > 0 ? box.Live.Values.Max(m => m.ModSeq) - 1 : null;
            var done = (await t.Store.StoreFlagsAsync(_account, box.Id, uids, change, limit, default)).Value!;
            var expectedChanged = new List<uint>();
            var expectedModified = new List<uint>();
            foreach (var uid in uids.Distinct().Order())
            {
                if (!box.Live.TryGetValue(uid, out var message)) continue;
                if (limit is { } at && message.ModSeq > at) expectedModified.Add(uid);
                else if (Apply(message, change)) expectedChanged.Add(uid);
            }
            Assert.Equal(expectedChanged, done.Changed.Select(e => e.Uid));
            Assert.Equal(expectedModified, done.Modified);
            foreach (var entry in done.Changed)
            {
                Assert.Equal(box.Live[entry.Uid].Flags, entry.Flags.System);
                box.Live[entry.Uid].ModSeq = entry.ModSeq;
            }
        }

        private async Task CopyAsync(bool move)
        {
            var (_, from) = Any();
            var (_, to) = Any();
            var uids = SomeUids(from);
            var done = (await t.Store.CopyAsync(_account, from.Id, uids, to.Id, move, default)).Value!;
            var expected = uids.Distinct().Order().Where(from.Live.ContainsKey).ToArray();
            Assert.Equal(expected, done.Source);
            for (var i = 0; i < expected.Length; i++)
            {
                var message = from.Live[expected[i]];
                if (move) Remove(from, message.Uid, done.ModSeq);
                Add(to, done.Destination[i], message.Email, message.Text, message.Flags, [.. message.Keywords], done.ModSeq);
            }
        }

        private async Task ExpungeAsync()
        {
            var (_, box) = Any();
            var onlyDeleted = random.Next(2) == 0;
            var uids = random.Next(2) == 0 || !onlyDeleted ? SomeUids(box) : null;
            var done = (await t.Store.ExpungeAsync(_account, box.Id, uids, onlyDeleted, default)).Value!;
            var expected = box.Live.Values
                .Where(m => (uids is null || uids.Contains(m.Uid)) && (!onlyDeleted || m.Flags.HasFlag(SystemFlags.Deleted)))
                .Select(m => m.Uid).ToArray();
            Assert.Equal(expected, done.Uids);
            foreach (var uid in expected) Remove(box, uid, done.ModSeq);
        }

        private async Task TreeAsync()
        {
            switch (random.Next(4))
            {
                case 0 when _boxes.Count < 12:
                    var name = $"Box{random.Next(6)}/Sub{random.Next(3)}";
                    var made = await t.Store.CreateMailboxAsync(_account, name, SpecialUse.None, default);
                    Assert.Equal(_boxes.ContainsKey(name) ? StoreError.AlreadyExists : StoreError.None, made.Error);
                    if (!made.Ok) return;
                    foreach (var mailbox in await t.Store.ListMailboxesAsync(_account, default)) _boxes.TryAdd(
                        mailbox.Name, new(mailbox.Id));
                    return;
                case 1:
                    var (gone, box) = Any();
                    var hasChildren = _boxes.Keys.Any(n => n.StartsWith(gone + "/", StringComparison.Ordinal));
                    var deleted = await t.Store.DeleteMailboxAsync(_account, box.Id, default);
                    Assert.Equal(gone == "INBOX" ? StoreError.NotPermitted : hasChildren ? StoreError.Conflict : StoreError.None, deleted);
                    if (deleted == StoreError.None) _boxes.Remove(gone);
                    return;
                case 2:
                    var (old, moved) = Any();
                    if (old == "INBOX") return;
                    var fresh = "Renamed" + _made++;
                    Assert.Equal(StoreError.None, await t.Store.RenameMailboxAsync(_account, moved.Id, fresh, default));
                    foreach (var key in _boxes.Keys.Where(n => n == old || n.StartsWith(old + "/", StringComparison.Ordinal)).ToArray())
                    {
                        _boxes[fresh + key[old.Length..]] = _boxes[key];
                        _boxes.Remove(key);
                    }
                    return;
                default:
                    var (_, viewed) = Any();
                    _oldViews[viewed.Id] = (await t.Store.ViewAsync(_account, viewed.Id, default))!;
                    return;
            }
        }

        public async Task CompareAsync()
        {
            var listed = await t.Store.ListMailboxesAsync(_account, default);
            Assert.Equal(_boxes.Keys.Order(StringComparer.Ordinal), listed.Select(m => m.Name));
            foreach (var info in listed)
            {
                var box = _boxes[info.Name];
                var view = (await t.Store.ViewAsync(_account, box.Id, default))!;
                Assert.Equal(box.Next, view.UidNext);
                Assert.Equal(box.Live.Count, view.Count);
                Assert.Equal(info.Exists, view.Count);
                Assert.Equal(info.Unseen, box.Live.Values.Count(m => !m.Flags.HasFlag(SystemFlags.Seen)));
                var index = 0;
                foreach (var message in box.Live.Values)
                {
                    var entry = view[index];
                    Assert.Equal(message.Uid, entry.Uid);
                    Assert.Equal(index, view.IndexOf(entry.Uid));
                    Assert.Equal(message.Email, entry.Email);
                    Assert.Equal(message.Flags, entry.Flags.System);
                    Assert.Equal(message.ModSeq, entry.ModSeq);
                    Assert.Equal(
                        message.Keywords.Order(StringComparer.OrdinalIgnoreCase).Select(k => k.ToUpperInvariant()),
                        Names(view, entry.Flags.Keywords).Order(StringComparer.OrdinalIgnoreCase).Select(k => k.ToUpperInvariant()));
                    index++;
                }
                if (box.Live.Count > 0)
                {
                    var any = box.Live.Values.ElementAt(random.Next(box.Live.Count));
                    Assert.Equal(any.Text, await t.ReadAsync(_account, any.Email));
                }
                if (_oldViews.TryGetValue(box.Id, out var old)) await CompareChangesAsync(box, old);
            }
        }

        /// <summary>An old view, brought forward by the changes since, is the new view.</summary>
        private async Task CompareChangesAsync(Box box, MailboxView old)
        {
            var changes = await t.Store.ChangesAsync(_account, box.Id, old.HighestModSeq, default);
            Assert.True(changes.Complete);
            var state = new SortedDictionary<uint, Entry>();
            for (var i = 0; i < old.Count; i++) state[old[i].Uid] = old[i];
            foreach (var uid in changes.Vanished) state.Remove(uid);
            foreach (var entry in changes.Changed) state[entry.Uid] = entry;
            Assert.Equal(
                box.Live.Values.Select(m => (m.Uid, m.Flags, m.ModSeq)), state.Values.Select(e => (e.Uid, e.Flags.System, e.ModSeq)));
        }

        private static IEnumerable<string> Names(MailboxView view, UInt128 mask) =>
            view.Keywords.Where((_, number) => ((mask >> number) & 1) != 0);

        private static bool Apply(Message message, FlagChange change)
        {
            var (flags, keywords) = (message.Flags, message.Keywords.ToHashSet(StringComparer.OrdinalIgnoreCase));
            switch (change.Operation)
            {
                case FlagOperation.Add:
                    message.Flags |= change.System;
                    message.Keywords.UnionWith(change.Keywords);
                    break;
                case FlagOperation.Remove:
                    message.Flags &= ~change.System;
                    message.Keywords.ExceptWith(change.Keywords);
                    break;
                default:
                    message.Flags = change.System;
                    message.Keywords.Clear();
                    message.Keywords.UnionWith(change.Keywords);
                    break;
            }
            return flags != message.Flags || !keywords.SetEquals(message.Keywords);
        }

        private static void Add(
            Box box, uint uid, EmailId email, string text, SystemFlags flags, IReadOnlyList<string> keywords, long modSeq)
        {
            Assert.Equal(box.Next, uid);
            box.Next = uid + 1;
            box.Live.Add(uid, new(uid, email, text)
            {
                Flags = flags,
                Keywords = keywords.ToHashSet(StringComparer.OrdinalIgnoreCase),
                ModSeq = modSeq,
            });
        }

        private static void Remove(Box box, uint uid, long modSeq)
        {
            box.Live.Remove(uid);
            box.Expunged.Add((modSeq, uid));
        }

        private (string Name, Box Box) Any()
        {
            // Mostly INBOX, so that mailboxes grow.
            if (random.Next(3) == 0) return ("INBOX", _boxes["INBOX"]);
            var pair = _boxes.ElementAt(random.Next(_boxes.Count));
            return (pair.Key, pair.Value);
        }

        private List<uint> SomeUids(Box box)
        {
            var uids = new List<uint>();
            for (var i = random.Next(5); i >= 0; i--) uids.Add((uint)random.Next(1, (int)box.Next + 2));
            return uids;
        }

        private string[] SomeWords() => [.. Words.Where(_ => random.Next(5) == 0)];

        private string Text() => $"Subject: {_made++}\r\n\r\n" + new string('y', random.Next(3000));
    }
}
