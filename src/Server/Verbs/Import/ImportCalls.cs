using Aviso.Admin;
using Aviso.Moving;

namespace Aviso.Verbs;

/// <summary>What the verbs about moving in do in the running server.</summary>
internal sealed class ImportCalls(MovingService moving)
{
    public void Add(AdminHandlers admin) => admin
        .Add("import.plan", PlanAsync)
        .Add("import.run", (c, _) => Begin(c, compares: false), changes: true)
        .Add("import.verify", (c, _) => Begin(c, compares: true))
        .Add("import.status", (_, _) => Task.FromResult(Replies.One(moving.Status(), AdminJson.Default.MoveStatus)))
        .Add("import.names", NamesAsync, changes: true)
        .Add("export.run", ExportAsync, changes: true)
        .Add("import.stop", async (_, _) => await moving.StopAsync()
            ? AdminReply.Done("stopped; run it again and it goes on") : AdminReply.No("no move is running"), changes: true);

    private async Task<AdminReply> PlanAsync(AdminCall call, CancellationToken cancel)
    {
        try
        {
            return Replies.One(await moving.PlanAsync(Request(call), Wishes(call), cancel), AdminJson.Default.MovePlan);
        }
        catch (SourceException e)
        {
            return AdminReply.No(e.Message);
        }
    }

    private async Task<AdminReply> NamesAsync(AdminCall call, CancellationToken cancel)
    {
        try
        {
            var (separator, prefix, address) = (call.Text("separator"), call.Text("prefix"), call.Text("address") ?? "");
            if (separator is { Length: not 1 }) return AdminReply.No("a separator is one character");
            var now = await moving.NamesAsync(address, null, cancel);
            if (separator is not null || prefix is not null)
                now = await moving.NamesAsync(address, new(separator is null ? now.Separator : separator[0], prefix ?? now.Prefix), cancel);
            return AdminReply.Done($"IMAP clients of {address} see `{now.Separator}` between levels and "
                + (now.Prefix.Length > 0 ? $"`{now.Prefix}` before every name but INBOX" : "no prefix"));
        }
        catch (SourceException e)
        {
            return AdminReply.No(e.Message);
        }
    }

    private async Task<AdminReply> ExportAsync(AdminCall call, CancellationToken cancel)
    {
        try
        {
            return Replies.One(
                await moving.ExportAsync(call.Text("format") ?? "", call.Text("account") ?? "", call.Text("to") ?? "", cancel),
                    AdminJson.Default.ExportResult);
        }
        catch (SourceException e)
        {
            return AdminReply.No(e.Message);
        }
    }

    private Task<AdminReply> Begin(AdminCall call, bool compares) =>
        Task.FromResult(moving.Start(Request(call), Wishes(call), compares) is { } no ? AdminReply.No(no) : AdminReply.Done("it runs"));

    private static MoveRequest Request(AdminCall call) => new(call.Text("kind") ?? "", call.Text("path") ?? "", call.Text("account"))
    {
        Mail = call.Text("mail"),
        Indexes = call.Text("indexes"),
        Home = call.Text("home"),
        Keys = call.Text("keys"),
        Login = new()
        {
            User = call.Text("user"),
            Password = call.Text("password"),
            Token = call.Text("token"),
            Tls = call.Text("tls"),
            Ca = call.Text("ca"),
        },
    };

    private static MoveWishes Wishes(AdminCall call) => new()
    {
        Label = call.Text("label"),
        SkipDamaged = call.Flag("skip_damaged"),
        AllowDeletes = call.Flag("allow_deletes"),
    };
}
