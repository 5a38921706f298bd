using System.Net;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Base;
using Aviso.Server;
using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Verbs;

/// <summary>What the spam verbs do: in the running server, or by themselves on what a stopped one has learned.</summary>
internal sealed class SpamCalls(SpamPart parts, BodySpool spool, Func<string, AccountId?> account)
{
    /// <summary>Octets of a message that go through the admin socket; a larger one is read by the server from its path.</summary>
    public const int MostInRequest = 600 * 1024;

    public const string Scan = "spam.scan";
    public const string Learn = "spam.learn";
    public const string Stat = "spam.stat";
    public const string Settle = "spam.settle";

    public void Add(AdminHandlers admin)
    {
        admin
            .Add(Scan, CallAsync)
            .Add(Stat, CallAsync)
            .Add(Settle, async (_, _) =>
            {
                await SettleAsync();
                return AdminReply.Done();
            })
            .Add(Learn, CallAsync, changes: true);
        if (parts.Lists is { } lists) admin.Add("spam.lists", async (c, t) => AdminReply.Done(SpamListCalls.Rows(await lists.StatesAsync(c.Flag("test"), t))));
        if (parts.Senders is { } senders) SpamListCalls.Add(admin, senders, account);
    }

    public async Task<AdminReply> CallAsync(AdminCall call, CancellationToken cancel)
    {
        if (call.Verb == Stat) return AdminReply.Done(Learned());
        AccountId owner = default;
        if (call.Text("account") is { } address)
        {
            if (account(address) is not { } found) return AdminReply.No($"there is no account `{address}`");
            owner = found;
        }
        var input = SpamMessage.Read(await OctetsAsync(call, cancel), spool);
        using var body = input.Body;
        if (call.Verb == Scan)
        {
            if (owner != default) input = input with { Accounts = [owner] };
            if (From(call, ref input) is { } wrong) return AdminReply.No(wrong);
            var verdict = SpamJson.Of(await parts.AskAsync(input, cancel), owner);
            if (new SpamContext(input, default).Content.Header.Find("x-spam-result") is { } then) verdict["when_it_came"] = then.Text;
            return AdminReply.Done(verdict);
        }
        return Teach(input, owner, call.Text("as"));
    }

    // How it came, as the caller says; what is wrong with that, or null.
    private string? From(AdminCall call, ref SpamInput input)
    {
        var (ip, helo, from) = (call.Text("ip"), call.Text("helo"), call.Text("from"));
        if (ip is null)
            return helo is null && from is null ? null : "--helo and --from go with --ip: without a client there is nothing to prove";
        if (!IPAddress.TryParse(ip, out var client)) return $"`{ip}` is no address of a client";
        MailAddress sender = default;
        // Taken for the null sender, it would be judged as a bounce.
        if (from is not (null or "" or "<>") && !MailAddress.TryParse(from, out sender))
            return $"`{from}` is no address of a sender; <> is the null sender";
        if (!parts.AsksDns) return "where a message came from can only be judged by the running server, which asks the DNS";
        input = input with { Client = Net.Networks.Normal(client), Helo = helo ?? "", Sender = sender };
        return null;
    }

    /// <summary>Ends when everything learned counts.</summary>
    public Task SettleAsync() => parts.Words?.SettleAsync() ?? Task.CompletedTask;

    private AdminReply Teach(SpamInput input, AccountId owner, string? what)
    {
        if (parts.Words is not { } words) return AdminReply.No("what is learned can not be kept: spam.db can not be used");
        var content = new SpamContext(input, default).Content;
        var key = SpamMessage.KeyOf(input);
        return what switch
        {
            "spam" or "ham" => AdminReply.Done(words.Learn(owner, key, what == "spam", content, input.Root) ? "learned" : "known"),
            "nothing" => AdminReply.Done(words.Forget(owner, key) ? "forgotten" : "unknown"),
            _ => AdminReply.No("say --as spam, ham or nothing"),
        };
    }

    private JsonObject Learned() => new()
    {
        ["ham"] = parts.Words?.Learned.Ham ?? 0,
        ["spam"] = parts.Words?.Learned.Spam ?? 0,
        ["needed_of_each"] = LearnedWords.AtLeast,
    };

    private static async Task<byte[]> OctetsAsync(AdminCall call, CancellationToken cancel) =>
        call.Text("message") is { } text ? Convert.FromBase64String(text) : await File.ReadAllBytesAsync(call.Text("path") ?? "", cancel);
}
