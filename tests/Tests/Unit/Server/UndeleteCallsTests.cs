using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Store;
using Aviso.Tests.Unit.Accounts;
using Aviso.Tests.Unit.Store;
using Aviso.Verbs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>`aviso undelete` does all that it is asked for, however much that is.</summary>
public sealed class UndeleteCallsTests
{
    private const string Address = "alice@example.org";

    [Fact]
    public async Task All_is_all_also_where_one_look_does_not_show_it()
    {
        await using var w = await TestStore.OpenAsync();
        using var book = new AccountBook(w.Store, w.Clock, NullLogger.Instance);
        Assert.Empty((await book.ApplyAsync(Declare.Only(Declare.Account(Address)), default)).Contradictions);
        var account = book.Table.FindAccount(Address)!.Value;
        await w.Store.CreateMailboxAsync(account, "Bills", SpecialUse.None, default);
        var bills = new List<string>();
        foreach (var mailbox in new[] { "Bills", "INBOX" })
        {
            for (var i = 0; i < 7; i++)
            {
                var entry = await w.DeliverAsync(account, $"Subject: {i}\r\n\r\n{i}", mailbox);
                await w.Store.ExpungeAsync(account, entry.Mailbox, [entry.Uid], onlyDeleted: false, default);
                if (mailbox == "Bills") bills.Add(entry.Email.ToString());
                w.Clock.Advance(TimeSpan.FromSeconds(1));
            }
        }
        var admin = new AdminHandlers();
        new UndeleteCalls(book, w.Store, w.Clock, mostRows: 3).Add(admin);

        // The youngest three are of the INBOX.
        var listed = (await CallAsync("list", ("mailbox", "bills"))).Result!.AsArray();
        Assert.Equal(bills[4..].AsEnumerable().Reverse(), listed.Select(r => (string)r!["id"]!));
        Assert.Equal("brought back: 1 into Bills", (string)(await CallAsync("restore", ("id", new JsonArray(bills[0])))).Result!);
        foreach (var (ids, problem) in new[] { (new JsonArray(bills[1], "nonsense"), "nothing was changed"),
            (new JsonArray("a", "b", "c", "d"), "at most 3") })
            Assert.Contains(problem, (await CallAsync("restore", ("id", ids))).Error, StringComparison.Ordinal);
        Assert.Equal("brought back: 6 into Bills", (string)(await CallAsync("restore", ("all", true), ("mailbox", "Bills"))).Result!);
        Assert.Equal("brought back: 7 into INBOX", (string)(await CallAsync("restore", ("all", true))).Result!);
        Assert.Equal("there is nothing to bring back", (string)(await CallAsync("restore", ("all", true))).Result!);

        Task<AdminReply> CallAsync(string verb, params (string Name, JsonNode Value)[] args)
        {
            var all = new JsonObject { ["address"] = Address };
            foreach (var (name, value) in args) all[name] = value;
            return admin.CallAsync(new($"undelete.{verb}", all), default);
        }
    }
}
