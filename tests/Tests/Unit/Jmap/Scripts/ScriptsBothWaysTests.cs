using System.Globalization;
using System.Text;
using System.Text.Json;
using Aviso.Accounts;
using Aviso.Tests.Unit.ManageSieve;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>ManageSieve and JMAP work on the same scripts: whatever one does, the other sees.</summary>
public sealed class ScriptsBothWaysTests
{
    private static readonly string[] Names = ["a", "b", "c", "d", "e", "\u00fc \"\\"];

    private static readonly string[] Texts = ["keep;", "discard;", "stop;", "keep", "# " + new string('x', 900) + "\r\nkeep;"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Any_walk_shows_the_same_on_both_sides_and_states_tell_what_changed(int seed)
    {
        await using var scene = await JmapScene.OpenAsync();
        await using var talk = await ManageSieveTalk.BeginAsync(scene);
        var random = new Random(seed);
        var seen = new List<(string State, string All)> { ("0", "") };
        for (var step = 0; step < 120; step++)
        {
            await StepAsync(scene, talk, random);
            var (state, jmap) = await JmapAsync(scene);
            Assert.Equal(await talk.AllAsync(), jmap);
            // One state, one content.
            if (seen[^1].State == state) Assert.Equal(seen[^1].All, jmap);
            else seen.Add((state, jmap));
            var (old, then) = seen[random.Next(seen.Count)];
            await AssertToldAsync(scene, old, then, jmap);
        }
        Assert.True(seen.Count > 20, "the walk changed next to nothing");
    }

    [Fact]
    public async Task Scripts_that_were_kept_before_they_had_ids_have_one_that_stays()
    {
        await using var scene = await JmapScene.OpenAsync();
        await scene.Store.Store.ChangeDocumentsAsync([new(new(scene.Account, SieveScripts.ScriptKind, "old"), "keep;"u8.ToArray(), 1),
            new(new(scene.Account, SieveScripts.ActiveKind, "active"), "old"u8.ToArray(), 1)], [], default);
        await using var talk = await ManageSieveTalk.BeginAsync(scene);
        var id = await IdAsync("old");
        Assert.Equal("OK", await talk.RunAsync("RENAMESCRIPT \"old\" \"new\""));
        Assert.Equal(id, await IdAsync("new"));
        Assert.Equal("OK", await talk.RunAsync("PUTSCRIPT \"old\" {5+}\r\nstop;"));
        Assert.NotEqual(id, await IdAsync("old"));
        Assert.Equal("new", (await scene.Scripts.ActiveAsync(scene.Account, default))!.Name);

        async Task<string> IdAsync(string name) =>
            (await scene.Scripts.ReadAsync(scene.Account, default)).All.Single(s => s.Name == name).Id;
    }

    private static async Task StepAsync(JmapScene scene, ManageSieveTalk talk, Random random)
    {
        var (name, other, text) = (Pick(random, Names), Pick(random, Names), Pick(random, Texts));
        var id = (await scene.Scripts.ReadAsync(scene.Account, default)).All.FirstOrDefault(s => s.Name == name)?.Id ?? "none";
        var json = JsonSerializer.Serialize(name);
        switch (random.Next(10))
        {
            case 0 or 1:
                await talk.RunAsync($"PUTSCRIPT {ManageSieveTalk.Quoted(name)} {ManageSieveTalk.Literal(text)}");
                break;
            case 2:
                await talk.RunAsync($"RENAMESCRIPT {ManageSieveTalk.Quoted(name)} {ManageSieveTalk.Quoted(other)}");
                break;
            case 3:
                await talk.RunAsync($"DELETESCRIPT {ManageSieveTalk.Quoted(name)}");
                break;
            case 4:
                await talk.RunAsync($"SETACTIVE {(random.Next(4) == 0 ? "\"\"" : ManageSieveTalk.Quoted(name))}");
                break;
            case 5 or 6:
                var blob = await SieveScriptTests.UploadAsync(scene, text);
                await SieveScriptTests.SetAsync(scene, $$$$"""
                    "create":{"k":{"name":{{{{json}}}},"blobId":"{{{{blob}}}}"}},
                    "onSuccessActivateScript":"{{{{(random.Next(2) == 0 ? "#k" : id)}}}}"
                    """);
                break;
            case 7:
                await SieveScriptTests.SetAsync(scene, $$$$"""
                    "update":{"{{{{id}}}}":{"name":{{{{JsonSerializer.Serialize(other)}}}},
                    "blobId":"{{{{await SieveScriptTests.UploadAsync(scene, text)}}}}"}}
                    """);
                break;
            case 8:
                await SieveScriptTests.SetAsync(scene, $"\"destroy\":[\"{id}\"]");
                break;
            default:
                await SieveScriptTests.SetAsync(scene, "\"onSuccessDeactivateScript\":true");
                break;
        }
    }

    private static T Pick<T>(Random random, T[] from) => from[random.Next(from.Length)];

    /// <summary>Lines "name text" by name, with a star before the active one; and the state.</summary>
    private static async Task<(string State, string All)> JmapAsync(JmapScene scene)
    {
        var answer = await scene.OneAsync("SieveScript/get", "\"ids\":null");
        var lines = new List<string>();
        foreach (var script in answer.GetProperty("list").EnumerateArray())
        {
            var blob = script.GetProperty("blobId").GetString()!;
            using var download = await scene.Server.DownloadAsync(scene.Alice, scene.Account.ToString(), blob, default);
            var octets = new byte[download!.Size];
            download.Read(0, octets);
            lines.Add((script.GetProperty("isActive").GetBoolean() ? "*" : "") + script.GetProperty("name").GetString()
                + " " + Encoding.UTF8.GetString(octets));
        }
        return (answer.GetProperty("state").GetString()!, string.Join('\n', lines));
    }

    // RFC 8620 §5.2: created and destroyed are exact; what is in neither and not in updated is as it was.
    private static async Task AssertToldAsync(JmapScene scene, string since, string then, string now)
    {
        var changes = await scene.OneAsync("SieveScript/changes", $"\"sinceState\":\"{since}\"");
        var told = changes.GetProperty("created").GetArrayLength() - changes.GetProperty("destroyed").GetArrayLength();
        Assert.Equal(Count(now) - Count(then), told);
        if (changes.GetProperty("updated").GetArrayLength() + changes.GetProperty("created").GetArrayLength()
            + changes.GetProperty("destroyed").GetArrayLength() == 0) Assert.Equal(then, now);

        // Texts have two lines at most, the second of which is "keep;".
        static int Count(string all) => all.Length == 0 ? 0 : all.Replace("\r\n", "", StringComparison.Ordinal).Split('\n').Length;
    }
}

/// <summary>One client of ManageSieve on a scene's scripts.</summary>
internal sealed class ManageSieveTalk : IAsyncDisposable
{
    private readonly WirePair _pair;
    private readonly Task _run;

    private ManageSieveTalk(WirePair pair, Task run) => (_pair, _run) = (pair, run);

    public static async Task<ManageSieveTalk> BeginAsync(JmapScene scene)
    {
        var pair = ManageSieveHost.Connect();
        var talk = new ManageSieveTalk(pair, ManageSieveHost.Over(scene.Scripts, scene.Account).RunAsync(pair.Server));
        await talk.EndAsync([]);
        var login = Convert.ToBase64String("\0alice@example.test\0secret"u8);
        Assert.Equal("OK", await talk.RunAsync($"AUTHENTICATE \"PLAIN\" \"{login}\""));
        return talk;
    }

    public static string Quoted(string text) =>
        '"' + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';

    public static string Literal(string text) =>
        $"{{{Encoding.UTF8.GetByteCount(text).ToString(CultureInfo.InvariantCulture)}+}}\r\n{text}";

    /// <summary>OK or NO.</summary>
    public async Task<string> RunAsync(string command)
    {
        await _pair.SendAsync(command + "\r\n");
        return await EndAsync([]);
    }

    /// <summary>As <see cref="ScriptsBothWaysTests"/> writes what JMAP says.</summary>
    public async Task<string> AllAsync()
    {
        var lines = new List<string>();
        await _pair.SendAsync("LISTSCRIPTS\r\n");
        await EndAsync(lines);
        var all = new List<string>();
        foreach (var line in lines)
        {
            var isActive = line.EndsWith(" ACTIVE", StringComparison.Ordinal);
            var quoted = isActive ? line[..^7] : line;
            var name = quoted[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
            var text = new List<string>();
            await _pair.SendAsync($"GETSCRIPT {quoted}\r\n");
            Assert.Equal("OK", await EndAsync(text));
            all.Add((isActive ? "*" : "") + name + " " + string.Join("\r\n", text.Skip(1)));
        }
        return string.Join('\n', all);
    }

    private async Task<string> EndAsync(List<string> lines)
    {
        while (true)
        {
            var line = await _pair.ReceiveLineAsync() ?? throw new EndOfStreamException();
            if (line.StartsWith("OK", StringComparison.Ordinal) || line.StartsWith("NO", StringComparison.Ordinal))
            {
                // A text of several lines comes as a literal.
                if (line.EndsWith('}')) await SkipAsync(int.Parse(line[(line.IndexOf('{') + 1)..^1], CultureInfo.InvariantCulture));
                return line[..2];
            }
            lines.Add(line);
        }
    }

    private async Task SkipAsync(int octets)
    {
        for (var left = octets; left >= 0;)
        {
            var line = await _pair.ReceiveLineAsync() ?? throw new EndOfStreamException();
            left -= Encoding.UTF8.GetByteCount(line) + 2;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("LOGOUT");
        await _run;
        await _pair.DisposeAsync();
    }
}
