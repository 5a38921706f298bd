using System.Text.Json;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>The kernel's own sets, in a network of the test's own, so that nothing outside of it changes.</summary>
public sealed class NftablesTests : IAsyncLifetime
{
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        Tool.Find("nft", "nftables");
        var unshare = Tool.Find("unshare", "util-linux");
        Tool.Find("ip", "iproute2");
        var may = await Tool.RunAsync(unshare, ["-n", "sh", "-c", "ip link set lo up && nft add table inet aviso_try"]);
        if (may.ExitCode != 0) Assert.Skip($"this machine does not let us make a network with a packet filter: {may.Error.Trim()}");
        _server = await AvisoServer.StartAsync(
            "guard: { nftables: { table: aviso_test } }\n", "smtp@0.0.0.0:0 imap@0.0.0.0:0", limits: "{ greeting_pause: 0s }",
            launcher: [unshare, "-n", "sh", "-c",
                "ip link set lo up; ip addr add 203.0.113.1/24 dev lo; ip addr add 203.0.113.66/24 dev lo; ip addr add 203.0.113.67/24 dev lo; exec \"$@\"", "sh"]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }

    [Fact]
    public async Task Bans_are_in_the_kernels_sets_with_their_time_and_leave_them_and_the_table_goes_on_request()
    {
        await BanAsync("-i", "203.0.113.66", "-d", "10m");
        await BanAsync("-r", "198.51.100.0/24", "-d", "10m");
        await BanAsync("-i", "198.51.100.7", "-d", "1h");
        await BanAsync("-r", "2001:db8:5::/48", "-d", "10m");
        await UntilAsync(["203.0.113.66", "198.51.100.0/24", "2001:db8:5::/48"]);
        // The kernel drops it before there is a connection; the other is greeted.
        Assert.Equal("", await GreetingAsync("203.0.113.66"));
        Assert.StartsWith("220", await GreetingAsync("203.0.113.67"), StringComparison.Ordinal);

        // When the wide one is lifted, the one inside of it holds on its own.
        (await _server.VerbAsync("decisions", "delete", "-r", "198.51.100.0/24")).MustSucceed();
        (await _server.VerbAsync("decisions", "delete", "-i", "203.0.113.66")).MustSucceed();
        await UntilAsync(["198.51.100.7", "2001:db8:5::/48"]);
        Assert.StartsWith("220", await GreetingAsync("203.0.113.66"), StringComparison.Ordinal);

        // Somebody emptied the sets: with the next change they are built anew.
        await NftAsync("flush", "set", "inet", "aviso_test", "banned4");
        (await _server.VerbAsync("decisions", "delete", "-i", "198.51.100.7")).MustSucceed();
        await BanAsync("-i", "203.0.113.67", "-d", "10m");
        await UntilAsync(["203.0.113.67", "2001:db8:5::/48"]);

        // They stay over a stop, and a start makes them what the decisions say.
        Assert.Contains(
            "inet aviso_test", (await _server.VerbAsync("decisions", "nftables")).MustSucceed().Output, StringComparison.Ordinal);
        (await _server.VerbAsync("decisions", "nftables", "--remove")).MustSucceed();
        Assert.DoesNotContain("aviso_test", (await NftAsync("list", "tables")).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thousands_of_bans_come_in_batches()
    {
        var file = Path.Combine(_server.Folder, "many.txt");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, 30_000).Select(i => $"100.{i / 65536 + 64}.{i / 256 % 256}.{i % 256}"),
            TestContext.Current.CancellationToken);
        (await _server.VerbAsync("decisions", "import", "-i", file, "-d", "1h")).MustSucceed();
        await Patience.UntilAsync(async () => (await _server.VerbAsync("decisions", "nftables", "--json")).Output.Contains(
            "30000", StringComparison.Ordinal), "all of them are there", 60, () => _server.Log);
        Assert.Equal("", await GreetingAsync("100.64.0.9", add: true));
    }

    private async Task BanAsync(params string[] what) => (await _server.VerbAsync(["decisions", "add", .. what])).MustSucceed();

    private Task<ToolResult> NftAsync(params string[] args) =>
        Tool.RunAsync(Tool.Find("nsenter", "util-linux"), ["-t", $"{_server.Pid}", "-n", "nft", .. args]);

    private async Task<string> GreetingAsync(string from, bool add = false)
    {
        var port = _server.Port("smtp");
        if (add) (await Tool.RunAsync("nsenter", ["-t", $"{_server.Pid}", "-n", "ip", "addr", "add", from + "/32", "dev", "lo"]))
            .MustSucceed();
        var script = $"import socket\ns=socket.socket(); s.settimeout(5); s.bind(('{from}',0))\ntry:\n s.connect(('203.0.113.1',{port})); print(s.recv(100).decode(), end='')\nexcept (TimeoutError, socket.timeout): pass\n";
        return (await Tool.RunAsync(Tool.Find("nsenter", "util-linux"),
            ["-t", $"{_server.Pid}", "-n", Tool.Find("python3", "python3"), "-c", script])).MustSucceed().Output;
    }

    private async Task UntilAsync(string[] wanted)
    {
        string[] have = [];
        await Patience.UntilAsync(async () =>
        {
            have = [.. await ElementsAsync("banned4"), .. await ElementsAsync("banned6")];
            return have.Order().SequenceEqual(wanted.Order());
        }, $"the sets hold {string.Join(' ', wanted)}", why: () => $"they hold {string.Join(' ', have)}\n{_server.Log}");
    }

    private async Task<IEnumerable<string>> ElementsAsync(string set)
    {
        var list = await NftAsync("-j", "list", "set", "inet", "aviso_test", set);
        if (list.ExitCode != 0) return [];
        using var json = JsonDocument.Parse(list.Output);
        var found = new List<string>();
        foreach (var item in json.RootElement.GetProperty("nftables").EnumerateArray())
        {
            if (!item.TryGetProperty("set", out var body) || !body.TryGetProperty("elem", out var elements)) continue;
            foreach (var element in elements.EnumerateArray().Select(e => e.GetProperty("elem")))
            {
                Assert.InRange(element.GetProperty("timeout").GetInt64(), 1, 3600);
                var value = element.GetProperty("val");
                found.Add(value.ValueKind == JsonValueKind.String
                    ? value.GetString()! : $"{value.GetProperty("prefix").GetProperty("addr").GetString()}/{value.GetProperty("prefix").GetProperty("len").GetInt32()}");
            }
        }
        return found;
    }
}
