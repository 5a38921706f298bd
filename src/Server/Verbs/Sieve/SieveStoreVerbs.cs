using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Mime;
using Aviso.Sieve;

namespace Aviso.Verbs;

/// <summary>Verbs about an account's scripts, and trying a script on messages.</summary>
internal static class SieveStoreVerbs
{
    private const long MostOctets = 1L << 30;

    public static Command Build()
    {
        var sieve = Stored();
        foreach (var verb in SieveVerbs.Build()) sieve.Add(verb);
        return sieve;
    }

    private static Command Stored() => new("sieve", CommandTree.Help("Sieve scripts (RFC 5228): check them, try them, keep them.",
        "aviso sieve check rules.sieve", "aviso sieve test rules.sieve message.eml",
            "aviso sieve test rules.sieve --account alice@example.org",
        "aviso sieve put rules.sieve --account alice@example.org --activate"))
    {
        AdminVerb.Of("sieve.list", "list", "List an account's scripts.", ["aviso sieve list --account alice@example.org"], Account()),
        AdminVerb.Of("sieve.show", "show", "Print a script.", ["aviso sieve show rules --account alice@example.org"], Name(), Account()),
        Put(),
        Activate(),
        AdminVerb.Of("sieve.delete", "delete", "Delete a script that is not active.",
            ["aviso sieve delete old --account alice@example.org"], Name(), Account()),
        Test(),
    };

    private static Argument<string?> Name() => new("name") { Description = "The script's name.", HelpName = "NAME" };

    private static Argument<string> File() => new("file") { Description = "A file with a Sieve script.", HelpName = "FILE" };

    private static Option<string?> Account(bool required = true) => new("--account") { Description = "The account's address.", HelpName = "ADDRESS", Required = required };

    private static Command Activate()
    {
        var name = new Argument<string?>("name") { Description = "The script's name.", HelpName = "NAME", Arity = ArgumentArity.ZeroOrOne };
        var none = new Option<bool>("--none") { Description = "No script is to be active." };
        var verb = AdminVerb.Of("sieve.activate", "activate", "Make a script the one that runs.",
            ["aviso sieve activate rules --account alice@example.org", "aviso sieve activate --none --account alice@example.org"], name,
                none, Account());
        verb.Validators.Add(r =>
        {
            if (r.GetValue(none) == (r.GetValue(name) is not null)) r.AddError("give NAME or --none");
        });
        return verb;
    }

    private static Command Put()
    {
        var (file, account) = (File(), Account());
        var name = new Option<string?>("--name") { Description = "The script's name. Default: the file's name without ending.", HelpName = "NAME" };
        var activate = new Option<bool>("--activate") { Description = "Make it the one that runs." };
        var verb = new Command("put", CommandTree.Help("Store a script, or replace the one of that name.",
            "aviso sieve put rules.sieve --account alice@example.org --activate")) { file, account, name, activate, CommandTree.Json };
        verb.SetAction(async (parsed, cancel) =>
        {
            var script = await SieveFiles.ReadAsync(parsed.GetValue(file)!, cancel);
            if (script.Compiled.Script is null)
            {
                await SieveFiles.ShowAsync(script, parsed.InvocationConfiguration.Error);
                return ExitStatus.FoundProblems;
            }
            return await AdminVerb.SendAsync(parsed, "sieve.put", new JsonObject
            {
                ["account"] = parsed.GetValue(account),
                ["name"] = parsed.GetValue(name) ?? Path.GetFileNameWithoutExtension(parsed.GetValue(file)),
                ["script"] = script.Text,
                ["activate"] = parsed.GetValue(activate),
            }, VerbAnswers.Plain, cancel);
        });
        return verb;
    }

    private static Command Test()
    {
        var (file, account) = (File(), Account(required: false));
        var messages = new Argument<string[]>("message") { Description = "Files with a message each, or folders of such files.", Arity = ArgumentArity.ZeroOrMore, HelpName = "MESSAGE" };
        var mailbox = new Option<string?>("--mailbox") { Description = "With --account: the mailbox to look at. Default: INBOX.", HelpName = "MAILBOX" };
        var limit = new Option<string?>("--limit") { Description = "With --account: look at the newest N messages. Default: 1000.", HelpName = "N" };
        var from = new Option<string?>("--from") { Description = "Envelope sender of the messages. Default: their Return-Path, else their From.", HelpName = "ADDRESS" };
        var to = new Option<string?>("--to") { Description = "Envelope recipient of the messages. Default: their Delivered-To, else their first To.", HelpName = "ADDRESS" };
        var verb = new Command("test", CommandTree.Help(
            "Say what a script would do, with messages in files or with mail that is stored already. Nothing is changed and nothing sent.",
            "aviso sieve test rules.sieve message.eml other.eml", "aviso sieve test rules.sieve ~/Maildir/cur",
                "aviso sieve test rules.sieve --account alice@example.org --mailbox INBOX --limit 5000"))
        { file, messages, account, mailbox, limit, from, to, CommandTree.Json };
        verb.Validators.Add(r =>
        {
            var isStored = r.GetValue(account) is not null;
            if (isStored == (r.GetValue(messages) is { Length: > 0 })) r.AddError("give MESSAGE files or --account");
            if (!isStored && (r.GetValue(mailbox) ?? r.GetValue(limit)) is not null) r.AddError("--mailbox and --limit go with --account");
            if (r.GetValue(limit) is { } most && !(int.TryParse(most, out var n) && n is >= 1 and <= 100_000)) r.AddError("--limit is a number from 1 to 100000");
        });
        verb.SetAction(async (parsed, cancel) =>
        {
            var path = parsed.GetValue(file)!;
            var read = await SieveFiles.ReadAsync(path, cancel);
            if (!parsed.GetValue(CommandTree.Json) || read.Compiled.Script is null) await SieveFiles.ShowAsync(
                read, parsed.InvocationConfiguration.Error);
            if (read.Compiled.Script is not { } script) return ExitStatus.FoundProblems;
            if (parsed.GetValue(account) is { } address)
            {
                return await AdminVerb.SendAsync(parsed, "sieve.test", new JsonObject
                {
                    ["account"] = address,
                    ["name"] = Path.GetFileNameWithoutExtension(path),
                    ["script"] = read.Text,
                    ["mailbox"] = parsed.GetValue(mailbox),
                    ["limit"] = parsed.GetValue(limit),
                }, new(ShowTrial), cancel);
            }
            return await FilesAsync(parsed, script, Files(parsed.GetValue(messages)!), parsed.GetValue(from), parsed.GetValue(to), cancel);
        });
        return verb;
    }

    // "of 1000 messages in INBOX this script would have moved 14", then each action with how often and the newest it is about.
    private static void ShowTrial(TextWriter output, JsonNode? report)
    {
        if (report is not JsonObject trial) return;
        output.WriteLine(Output.Cell(trial["summary"]));
        var rows = trial["would"]!.AsArray();
        var wide = rows.Select(r => Output.Cell(r!["messages"]).Length).DefaultIfEmpty(0).Max();
        foreach (var row in rows)
        {
            output.WriteLine($"  {Output.Cell(row!["messages"]).PadLeft(wide)}  {Output.Cell(row["action"])}");
            foreach (var example in row["examples"]!.AsArray()) output.WriteLine(
                $"  {new string(' ', wide)}    {Shorter(Output.Cell(example))}");
        }
        foreach (var error in trial["errors"]!.AsArray()) output.WriteLine($"  the script fails: {Output.Cell(error)}");
        if (trial["stopped"] is { } stopped) output.WriteLine($"  not all were looked at: {Output.Cell(stopped)}");
    }

    private static string Shorter(string text) => text.Length <= 100 ? text : text[..97] + "...";

    private static async Task<int> FilesAsync(
        ParseResult parsed, SieveScript script, List<string> messages, string? from, string? to, CancellationToken cancel)
    {
        var io = parsed.InvocationConfiguration;
        var folder = Directory.CreateTempSubdirectory("aviso-sieve-");
        try
        {
            var spool = new BodySpool(folder.FullName, MostOctets);
            var rows = new JsonArray();
            foreach (var message in messages) rows.Add(await OneAsync(spool, script, message, from, to, cancel));
            if (parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, rows);
            else
            {
                foreach (var row in rows) await io.Output.WriteLineAsync(Line(row!));
                if (rows.Count > 1) await io.Output.WriteLineAsync(
                    $"of {rows.Count} messages this script would have moved {rows.Count(r => (bool)r!["moved"]!)}");
            }
            return rows.Any(r => r!["error"] is not null) ? ExitStatus.FoundProblems : ExitStatus.Ok;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Line(JsonNode row) =>
        $"{Output.Cell(row["message"])}: {string.Join("; ", row["actions"]!.AsArray().Select(Output.Cell))}"
        + (row["error"] is { } error ? $" (the script failed: {Output.Cell(error)})" : "");

    private static async Task<JsonNode> OneAsync(
        BodySpool spool, SieveScript script, string path, string? from, string? to, CancellationToken cancel)
    {
        using var body = spool.Begin();
        var scanner = new MimeScanner();
        await using (var file = System.IO.File.OpenRead(path))
        {
            var piece = new byte[64 * 1024];
            var last = (byte)0;
            for (int read; (read = await file.ReadAsync(piece, cancel)) > 0;)
            {
                // Files on disk often have bare LF; on the wire they would have come with CRLF.
                var octets = WithCrLf(piece.AsSpan(0, read), ref last);
                body.Write(octets);
                scanner.Append(octets);
            }
        }
        var root = scanner.Finish();
        var message = new SieveMessage(body, root, from ?? Sender(body, root), to ?? Recipient(body, root));
        var outcome = await SieveRunner.RunAsync([script], message with { OwnAddresses = [message.EnvelopeTo] }, new NoAccount(), null, cancel);
        return new JsonObject
        {
            ["message"] = path,
            ["actions"] = new JsonArray([.. SieveWords.Of(outcome).Select(w => (JsonNode)w)]),
            ["moved"] = SieveWords.Moves(outcome),
            ["error"] = outcome.Error,
            ["trace"] = new JsonArray([.. outcome.Trace.Select(t => (JsonNode)t)]),
        };
    }

    private static byte[] WithCrLf(ReadOnlySpan<byte> octets, ref byte last)
    {
        var into = new List<byte>(octets.Length + 64);
        foreach (var octet in octets)
        {
            if (octet == '\n' && last != '\r') into.Add((byte)'\r');
            into.Add(octet);
            last = octet;
        }
        return [.. into];
    }

    // "Return-Path: <>" is a sender too: nobody.
    private static string Sender(SpooledBody body, MimePart root) =>
        Has(body, root, "Return-Path"u8) ? Field(body, root, "Return-Path"u8) : Field(body, root, "From"u8);

    private static bool Has(SpooledBody body, MimePart root, ReadOnlySpan<byte> name) =>
        HeaderFields.TryFind(Header(body, root), name, out _);

    private static string Recipient(SpooledBody body, MimePart root)
    {
        foreach (var field in new[] { "Delivered-To", "X-Original-To", "To" })
        {
            if (Field(body, root, System.Text.Encoding.ASCII.GetBytes(field)) is { Length: > 0 } found) return found;
        }
        return "";
    }

    private static string Field(SpooledBody body, MimePart root, ReadOnlySpan<byte> name)
    {
        if (!HeaderFields.TryFind(Header(body, root), name, out var value)) return "";
        return AddressList.Mailboxes(AddressList.Parse(value)).FirstOrDefault()?.Address ?? "";
    }

    private static ReadOnlySpan<byte> Header(SpooledBody body, MimePart root)
    {
        var header = new byte[(int)Math.Min(root.HeaderLength, 256 * 1024)];
        return header.AsSpan(0, body.Read(0, header));
    }

    private static List<string> Files(string[] paths) => [.. paths.SelectMany(p => Directory.Exists(p)
        ? Directory.EnumerateFiles(p, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal) : (IEnumerable<string>)[p])];

    /// <summary>Messages in files have no account: every mailbox is there, nothing was seen before.</summary>
    private sealed class NoAccount : ISieveHost
    {
        public ValueTask<bool> MailboxExistsAsync(string mailbox, CancellationToken cancel) => new(true);

        public ValueTask<bool> MailboxIdExistsAsync(string id, CancellationToken cancel) => new(false);

        public ValueTask<bool> HasSpecialUseAsync(string? mailbox, string attribute, CancellationToken cancel) => new(mailbox is null);

        public ValueTask<string?> MetadataAsync(string? mailbox, string annotation, CancellationToken cancel) => new((string?)null);

        public ValueTask<SieveCompilation?> ScriptAsync(string name, bool global, CancellationToken cancel) => new((SieveCompilation?)null);

        public ValueTask<bool> WasSeenAsync(string key, CancellationToken cancel) => new(false);

        public ValueTask<IReadOnlyList<string>?> ListMembersAsync(string list, CancellationToken cancel) =>
            new((IReadOnlyList<string>?)null);

        public ValueTask<bool?> IsInListAsync(string list, string value, CancellationToken cancel) =>
            new(ISieveHost.IsAddressBook(list) ? false : null);

        public ValueTask<string?> EnvironmentAsync(string item, CancellationToken cancel) => new((string?)null);

        public ValueTask<double?> SpamPercentAsync(CancellationToken cancel) => new((double?)null);

        public ValueTask<int> VirusVerdictAsync(CancellationToken cancel) => new(0);
    }
}
