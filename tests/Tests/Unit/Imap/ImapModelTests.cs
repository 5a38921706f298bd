using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>
/// Several sessions change one mailbox at random. Each keeps what it was told by untagged data; after NOOP that must be the truth
/// of the store: same UIDs in the same places, same flags.
/// </summary>
public sealed class ImapModelTests
{
    [Theory]
    [InlineData(1, "")]
    [InlineData(2, "")]
    [InlineData(3, "CONDSTORE")]
    [InlineData(4, "QRESYNC")]
    [InlineData(5, "IMAP4rev2")]
    [InlineData(6, "UIDONLY")]
    public async Task What_sessions_were_told_is_the_truth(int seed, string enable)
    {
        await using var host = await ImapHost.StartAsync();
        for (var i = 0; i < 20; i++) await host.DeliverAsync($"Subject: m{i}\r\n\r\nbody {i}\r\n");
        var random = new Random(seed);
        var sessions = new List<ModelSession>();
        for (var i = 0; i < 4; i++) sessions.Add(await ModelSession.OpenAsync(host, i % 2 == 0 ? enable : ""));
        for (var step = 0; step < 300; step++)
        {
            await sessions[random.Next(sessions.Count)].ActAsync(random);
            if (step % 25 == 0) await CheckAsync(host, sessions);
        }
        await CheckAsync(host, sessions);
        foreach (var session in sessions) await session.CloseAsync();
    }

    private static async Task CheckAsync(ImapHost host, List<ModelSession> sessions)
    {
        foreach (var session in sessions)
        {
            await session.CommandAsync("NOOP");
            var inbox = (await host.Store.FindMailboxAsync(host.Account, "INBOX", default))!;
            var view = (await host.Store.ViewAsync(host.Account, inbox.Id, default))!;
            await session.LearnUidsAsync();
            var truth = Enumerable.Range(0, view.Count).Select(i => view[i]).ToList();
            Assert.Equal(truth.Select(e => e.Uid), session.Uids);
            foreach (var entry in truth)
            {
                var flags = Enum.GetValues<Aviso.Store.SystemFlags>().Where(f => f != 0 && entry.Flags.System.HasFlag(f))
                    .Select(f => "\\" + f).Order(StringComparer.Ordinal);
                Assert.Equal(string.Join(' ', flags), session.Flags[entry.Uid]);
            }
        }
    }
}

/// <summary>A client that believes only untagged data.</summary>
internal sealed partial class ModelSession
{
    private readonly WirePair _pair;
    private readonly Task _run;
    private readonly bool _uidOnly;
    private int _tag;

    private ModelSession(WirePair pair, Task run, bool uidOnly) => (_pair, _run, _uidOnly) = (pair, run, uidOnly);

    /// <summary>UID by place; 0 where not learnt yet.</summary>
    public List<uint> Uids { get; } = [];

    public Dictionary<uint, string> Flags { get; } = [];

    public static async Task<ModelSession> OpenAsync(ImapHost host, string enable)
    {
        var pair = host.Connect();
        var session = new ModelSession(pair, host.Server.RunAsync(pair.Server), enable == "UIDONLY");
        await pair.ReceiveLineAsync();
        await session.CommandAsync("LOGIN alice@example.test secret");
        if (enable.Length > 0) await session.CommandAsync("ENABLE " + enable);
        await session.CommandAsync("SELECT INBOX");
        await session.LearnUidsAsync();
        return session;
    }

    public async Task CloseAsync()
    {
        await CommandAsync("LOGOUT");
        await _run;
        await _pair.DisposeAsync();
    }

    public async Task LearnUidsAsync()
    {
        if (Uids.Contains(0u) || Uids.Any(u => !Flags.ContainsKey(u))) await CommandAsync(
            _uidOnly ? "UID FETCH 1:* FLAGS" : "FETCH 1:* (UID FLAGS)");
    }

    public Task ActAsync(Random random)
    {
        var n = random.Next(1, Math.Max(Uids.Count, 1) + 1);
        var uid = Uids.Count == 0 || Uids[n - 1] == 0 ? 1 : Uids[n - 1];
        string[] flags = ["\\Seen", "\\Flagged", "\\Answered", "\\Deleted"];
        var flag = flags[random.Next(flags.Length)];
        var sign = random.Next(2) == 0 ? "+" : "-";
        var silent = random.Next(2) == 0 ? ".SILENT" : "";
        var numbers = !_uidOnly && Uids.Count > 0;
        return random.Next(10) switch
        {
            0 => CommandAsync("NOOP"),
            1 when numbers => CommandAsync($"STORE {n} {sign}FLAGS{silent} ({flag})", silent.Length > 0 ? (n, 0, sign, flag) : null),
            2 => CommandAsync($"UID STORE {uid} {sign}FLAGS{silent} ({flag})", silent.Length > 0 ? (0, uid, sign, flag) : null),
            3 when numbers => CommandAsync($"FETCH {n} (UID FLAGS BODY[TEXT])"),
            4 => CommandAsync($"UID FETCH {uid} (FLAGS BODY.PEEK[])"),
            5 => CommandAsync("EXPUNGE"),
            6 => CommandAsync("APPEND INBOX {21+}\r\nSubject: a\r\n\r\nabcde\r\n"),
            7 when numbers => CommandAsync($"COPY {n} INBOX"),
            8 => CommandAsync($"UID MOVE {uid} INBOX"),
            _ => CommandAsync("UID SEARCH UNSEEN"),
        };
    }

    public async Task CommandAsync(string command, (int Number, uint Uid, string Sign, string Flag)? silent = null)
    {
        var tag = "t" + ++_tag;
        var target = silent is { } s ? s.Uid != 0 ? s.Uid : Uids[s.Number - 1] : 0;
        var before = target != 0 && Flags.TryGetValue(target, out var known) ? known : null;
        await _pair.SendAsync($"{tag} {command}\r\n");
        var told = false;
        while (await _pair.ReceiveLineAsync().WaitAsync(TimeSpan.FromMinutes(1)) is { } line)
        {
            if (line.StartsWith(tag + " ", StringComparison.Ordinal))
            {
                Assert.DoesNotContain("SERVERBUG", line);
                Assert.False(line.StartsWith(tag + " BAD", StringComparison.Ordinal), $"{command} -> {line}");
                // A client that stores with .SILENT believes its change happened, unless it is told something else.
                if (line.StartsWith(tag + " OK", StringComparison.Ordinal) && silent is { } change && before is not null && !told && Flags.ContainsKey(target))
                    Flags[target] = Changed(before, change.Sign, change.Flag);
                return;
            }
            while (Literal().Match(line) is { Success: true } literal) line = line[..literal.Index] + await SkipLiteralAsync(int.Parse(literal.Groups[1].Value, CultureInfo.InvariantCulture));
            told |= target != 0 && FlagsIn().IsMatch(line) && line.Contains($"UID {target} ", StringComparison.Ordinal);
            told |= target != 0 && FlagsIn().IsMatch(line) && Fetch().Match(line) is { Success: true } f && NumberIs(f, target);
            Take(line);
        }
        Assert.Fail($"the connection ended during {command}");
    }

    private bool NumberIs(Match fetch, uint uid)
    {
        var n = int.Parse(fetch.Groups[1].Value, CultureInfo.InvariantCulture);
        return fetch.Groups[2].Value == "UIDFETCH" ? n == uid : n <= Uids.Count && Uids[n - 1] == uid;
    }

    private async Task<string> SkipLiteralAsync(int length)
    {
        var text = "";
        var rest = "";
        while (true)
        {
            var line = await _pair.ReceiveLineAsync() + "\r\n";
            text += line;
            if (Encoding.UTF8.GetByteCount(text) > length)
            {
                rest = text[length..];
                break;
            }
        }
        return rest.TrimEnd('\r', '\n');
    }

    private static string Changed(string flags, string sign, string flag)
    {
        var set = flags.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
        if (sign == "+") set.Add(flag);
        else set.Remove(flag);
        return string.Join(' ', set.Order(StringComparer.Ordinal));
    }

    private void Take(string line)
    {
        if (Exists().Match(line) is { Success: true } exists)
        {
            var count = int.Parse(exists.Groups[1].Value, CultureInfo.InvariantCulture);
            Assert.True(count >= Uids.Count, "EXISTS must not shrink the mailbox");
            while (Uids.Count < count) Uids.Add(0);
        }
        else if (Expunge().Match(line) is { Success: true } expunge)
            Uids.RemoveAt(int.Parse(expunge.Groups[1].Value, CultureInfo.InvariantCulture) - 1);
        else if (line.StartsWith("* VANISHED ", StringComparison.Ordinal)) Vanish(line[11..]);
        else if (Fetch().Match(line) is { Success: true } fetch) TakeFetch(fetch, line);
    }

    private void Vanish(string set)
    {
        foreach (var range in set.Split(','))
        {
            var ends = range.Split(':').Select(n => uint.Parse(n, CultureInfo.InvariantCulture)).ToArray();
            for (var u = ends[0]; u <= ends[^1]; u++) Assert.True(Uids.Remove(u), $"VANISHED {u} was not there");
        }
    }

    private void TakeFetch(Match fetch, string line)
    {
        var n = uint.Parse(fetch.Groups[1].Value, CultureInfo.InvariantCulture);
        uint uid;
        if (fetch.Groups[2].Value == "UIDFETCH")
        {
            uid = n;
            if (!Uids.Contains(uid))
            {
                var hole = Uids.IndexOf(0);
                Assert.True(hole >= 0);
                Uids[hole] = uid;
                // Without numbers the place of a message is the place of its UID.
                var sorted = Uids.OrderBy(u => u == 0).ThenBy(u => u).ToList();
                Uids.Clear();
                Uids.AddRange(sorted);
            }
        }
        else
        {
            if (UidIn().Match(line) is { Success: true } said)
            {
                var told = uint.Parse(said.Groups[1].Value, CultureInfo.InvariantCulture);
                var have = Uids[(int)n - 1];
                Assert.True(have == 0 || have == told, $"message {n} was {have} and is now {told}");
                Uids[(int)n - 1] = told;
            }
            uid = Uids[(int)n - 1];
        }
        if (uid != 0 && FlagsIn().Match(line) is { Success: true } flags)
            Flags[uid] = string.Join(' ', flags.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(f =>
                f != "\\Recent").Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^\* (\d+) EXISTS")]
    private static partial Regex Exists();

    [GeneratedRegex(@"^\* (\d+) EXPUNGE")]
    private static partial Regex Expunge();

    [GeneratedRegex(@"^\* (\d+) (FETCH|UIDFETCH) ")]
    private static partial Regex Fetch();

    [GeneratedRegex(@"[( ]UID (\d+)[ )]")]
    private static partial Regex UidIn();

    [GeneratedRegex(@"FLAGS \(([^)]*)\)")]
    private static partial Regex FlagsIn();

    [GeneratedRegex(@"\{(\d+)\}$")]
    private static partial Regex Literal();
}
