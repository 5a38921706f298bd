using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Tests.Unit.Store;
using Aviso.Verbs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

/// <summary>What `aviso decisions` does in the server, without the server.</summary>
public sealed class DecisionCallsTests : IAsyncLifetime
{
    private readonly AdminHandlers _admin = new();
    private TestStore _store = null!;
    private MoodyRows _rows = null!;
    private DecisionBook _book = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _rows = new(_store.Store);
        _book = await DecisionBook.OpenAsync(_rows, _store.Clock, NullLogger.Instance, default, most: 8);
        var gate = new Gatekeeper(
            new(GuardOwner.Builtin, Networks.Parse("10.0.0.0/16", "fd00::/16")), _book, _store.Clock, NullLogger.Instance);
        new DecisionCalls(gate, _store.Clock).Add(_admin);
    }

    public async ValueTask DisposeAsync()
    {
        await _book.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData("ip=2001:db8:1:2::7", "1 decision deleted: 2001:db8:1:2::/64")]
    [InlineData("ip=198.51.100.7", "1 decision deleted: 198.51.100.0/24")]
    [InlineData("range=198.51.100.0/24", "1 decision deleted")]
    [InlineData("ip=192.0.2.1", "! nothing was deleted: no decision applies to 192.0.2.1")]
    [InlineData("id=99", "! nothing was deleted: no decision fits")]
    [InlineData("range=198.51.100.0/25",
        "! nothing was deleted: none fits, but these apply to 198.51.100.0/25:|decision 2: ban 198.51.100.0/24, cscli, manual 'ban' from 'localhost'")]
    [InlineData("ip=198.51.100.7 type=captcha",
        "! nothing was deleted: none fits, but these apply to 198.51.100.7:|decision 2: ban 198.51.100.0/24, cscli, manual 'ban' from 'localhost'")]
    [InlineData("ip=nobody", "! `nobody` is no address and no network")]
    public async Task Delete_says_what_it_did_and_what_still_applies(string args, string said)
    {
        await CallAsync("add", "range=2001:db8:1:2::/64");
        await CallAsync("add", "range=198.51.100.0/24");
        Assert.Equal(said, await CallAsync("delete", args));
    }

    [Fact]
    public async Task List_by_address_shows_the_networks_around_it_and_a_limit_the_newest()
    {
        foreach (var value in new[] { "2001:db8:1:2::/64", "198.51.100.0/24", "198.51.100.7" }) await CallAsync("add", "range=" + value);
        Assert.Equal(["2001:db8:1:2::/64"], await ListAsync("ip=2001:db8:1:2::7"));
        Assert.Equal(["198.51.100.0/24", "198.51.100.7"], await ListAsync("ip=198.51.100.7"));
        Assert.Equal(["198.51.100.7"], await ListAsync("range=198.51.100.7"));
        Assert.Equal(["198.51.100.0/24", "198.51.100.7"], await ListAsync("limit=2"));
        Assert.Equal(3, (await ListAsync("limit=0")).Count);
    }

    [Theory]
    [InlineData("ip=192.0.2.1", "decision 1: ban 192.0.2.1 for 4h0m0s")]
    [InlineData("scope=Ip value=192.0.2.1", "decision 1: ban 192.0.2.1 for 4h0m0s")]
    [InlineData("scope=range value=192.0.2.0/24", "decision 1: ban 192.0.2.0/24 for 4h0m0s")]
    [InlineData("scope=username value=bob", "! scope `username` means nothing here: ip and range do")]
    [InlineData("scope=ip", "! say what: --ip, --range, or --scope and --value")]
    [InlineData("range=0.0.0.0/0", "! 0.0.0.0/0 is wider than /8*")]
    [InlineData("range=::/0", "! ::/0 is wider than /16*")]
    [InlineData("range=12.0.0.0/7", "! 12.0.0.0/7 is wider than /8*")]
    [InlineData("range=2000::/15", "! 2000::/15 is wider than /16*")]
    [InlineData("ip=127.0.0.1", "! 127.0.0.1 is one of ours*")]
    [InlineData("range=10.0.3.0/24", "! 10.0.3.0/24 is one of ours*")]
    [InlineData("range=10.0.0.0/8",
        "decision 1: ban 10.0.0.0/8 for 4h0m0s|10.0.0.0/8 holds here and is not told to bouncers and nftables: it covers some of ours*")]
    public async Task Add_refuses_what_must_not_be_and_says_what_is_not_exported(string args, string said) =>
        Assert.Matches("^" + System.Text.RegularExpressions.Regex.Escape(said).Replace("\\*", ".*") + "$", await CallAsync("add", args));

    [Fact]
    public async Task Import_refuses_ours_by_line_and_takes_the_rest()
    {
        var said = await CallAsync("import", new JsonObject { ["content"] = "# list\n192.0.2.1\n127.0.0.1\n\n10.0.5.5\n0.0.0.0/0\n::/0\n10.0.0.0/8\n198.51.100.0/24\n" });
        var lines = said.Split('|');
        Assert.Equal("! 3 decisions imported, 4 refused:", lines[0]);
        Assert.Equal(["line 3: 127.0.0.1", "line 5: 10.0.5.5", "line 6: 0.0.0.0/0", "line 7: ::/0", "line 8: 10.0.0.0/8"],
            lines[1..].Select(l => string.Join(' ', l.Split(' ')[..3])));
        Assert.Equal(["192.0.2.1", "10.0.0.0/8", "198.51.100.0/24"], await ListAsync());
    }

    [Fact]
    public async Task Import_says_how_many_did_not_fit()
    {
        var content = string.Join('\n', Enumerable.Range(1, 10).Select(i => $"192.0.2.{i}"));
        Assert.Equal("! 8 decisions imported, 2 did not fit: there are 8 decisions, which is all that is kept", await CallAsync("import", new JsonObject { ["content"] = content }));
        Assert.Equal("! there are 8 decisions already, which is all that is kept", await CallAsync("add", "ip=192.0.2.99"));
    }

    [Theory]
    [InlineData("add", "ip=192.0.2.2", "! decision 2: ban 192.0.2.2 for 4h0m0s|it holds now, but is not stored yet: disk full")]
    [InlineData("delete", "ip=192.0.2.1", "! 1 decision deleted: 192.0.2.1|it holds now, but is not stored yet: disk full")]
    [InlineData("import", "content=192.0.2.2", "! 1 decisions imported|it holds now, but is not stored yet: disk full")]
    public async Task What_is_not_stored_yet_is_said(string verb, string args, string said)
    {
        await CallAsync("add", "ip=192.0.2.1");
        _rows.Fails = true;
        Assert.Equal(said, await CallAsync(verb, args));
        _rows.Fails = false;
    }

    [Fact]
    public async Task Raw_is_the_csv_of_cscli()
    {
        await CallAsync("add", new JsonObject { ["ip"] = "192.0.2.1", ["reason"] = "a \"scan\", and more", ["duration"] = "1h" });
        await CallAsync("add", "range=198.51.100.0/24 reason=scan");
        var list = await _admin.CallAsync(new("decisions.list", []), default);
        Assert.Equal(
            """
            id,source,ip,reason,action,country,as,events_count,expiration,simulated,alert_id
            1,cscli,Ip:192.0.2.1,"a ""scan"", and more",ban,,,1,1h0m0s,false,1
            2,cscli,Range:198.51.100.0/24,scan,ban,,,1,4h0m0s,false,2

            """.ReplaceLineEndings("\n"), DecisionVerbs.Raw(list.Result));
    }

    private Task<string> CallAsync(string verb, string args)
    {
        var named = new JsonObject();
        foreach (var pair in args.Split(' ')) named[pair[..pair.IndexOf('=')]] = pair[(pair.IndexOf('=') + 1)..];
        return CallAsync(verb, named);
    }

    /// <summary>The answer on one line; an error, which is exit status 1, begins with "!".</summary>
    private async Task<string> CallAsync(string verb, JsonObject args)
    {
        var reply = await _admin.CallAsync(new("decisions." + verb, args), default);
        return (reply.Ok ? reply.Result!.GetValue<string>() : "! " + reply.Error).Replace('\n', '|');
    }

    private async Task<List<string>> ListAsync(string args = "limit=0")
    {
        var reply = await _admin.CallAsync(new("decisions.list", new JsonObject { [args[..args.IndexOf('=')]] = args[(args.IndexOf('=') + 1)..] }), default);
        return [.. reply.Result!.AsArray().SelectMany(a => a!["decisions"]!.AsArray()).Select(d => (string)d!["value"]!)];
    }
}
