using System.CommandLine;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Verbs about the DNS records of our domains.</summary>
internal static class DnsVerbs
{
    private static Option<string[]> Only() => new("--only")
    {
        Description = "Only this record, as the plan names it; may be repeated.",
        HelpName = "NAME/TYPE",
    };

    private static Option<string?> Text(string name, string value, string text) => new(name) { Description = text, HelpName = value };

    private static Argument<string?> Domain() =>
        new("domain") { Description = "A mail domain or host; all without.", Arity = ArgumentArity.ZeroOrOne, HelpName = "DOMAIN" };

    public static Command Build() => new("dns", CommandTree.Help(
        "The DNS records that this server needs: what they ought to be and why, what is there, and changing it.",
        "aviso dns plan", "aviso dns check", "aviso dns apply --only example.org/TXT", "aviso dns export --format zone"))
    {
        AdminVerb.Of("dns.plan", "plan",
            "Compare what the DNS ought to hold with what it holds, by meaning: how a provider cuts, orders, spaces or quotes a record "
                + "is no difference. "
            + "Changes nothing.", ["aviso dns plan", "aviso dns plan example.org --json"], new VerbAnswers(DnsPlanPage.Show), Domain()),
        AdminVerb.Of("dns.check", "check",
            "Ask every server of each zone, this server's own resolvers and those of `dns.check_with`, and show who says otherwise than "
                + "planned. "
            + "SERVFAIL and signatures that do not hold are named as such, never as missing. Exit status 1 when anybody does.",
                ["aviso dns check", "aviso dns check example.org"], new VerbAnswers(Finds: VerbAnswers.AnyRow), Domain()),
        AdminVerb.Of("dns.export", "export", "Write the plan for those who keep their DNS elsewhere.",
            ["aviso dns export --format zone", "aviso dns export --format terraform > mail.tf",
                "aviso dns export example.org --format external-dns"],
            Domain(), Text("--format", "FORMAT", "zone, terraform (Cloudflare) or external-dns. Default: zone."),
            Text("--provider-version", "N", "terraform: of Cloudflare's provider, 4 or 5. Default: 5.")),
        Apply(),
        RollBack(),
    };

    private static Command Apply()
    {
        var (domain, only, yes) = (Domain(), Only(), new Option<bool>("--yes") { Description = "Do not ask." });
        var verb = new Command("apply", CommandTree.Help(
            "Make the DNS say what the plan says, through `dns.zones`; then wait until every server of the zone shows it. Only records "
            + "of the plan, and what this server wrote before, are touched.",
            "aviso dns apply", "aviso dns apply --only _dmarc.example.org/TXT --yes"))
        {
            CommandTree.Json, domain, only, yes,
        };
        verb.SetAction(async (parsed, cancel) =>
        {
            var (io, args) = (parsed.InvocationConfiguration, new JsonObject());
            if (parsed.GetValue(domain) is { } name) args["domain"] = name;
            var labels = parsed.GetValue(only) ?? [];
            if (!parsed.GetValue(yes))
            {
                if (Console.IsInputRedirected || parsed.GetValue(CommandTree.Json))
                {
                    await io.Error.WriteLineAsync("aviso: nobody can be asked here: look at `aviso dns plan`, then say --yes");
                    return ExitStatus.Usage;
                }
                JsonNode? plan = null;
                var status = await AdminVerb.SendAsync(parsed, "dns.plan", (JsonObject)args.DeepClone(),
                    new((_, node) => plan = node), cancel);
                if (status != ExitStatus.Ok) return status;
                var changes = DnsPlanPage.Changes(plan).Where(c => labels.Length == 0 || labels.Contains(DnsPlanPage.LabelOf(c),
                    StringComparer.OrdinalIgnoreCase)).ToList();
                DnsPlanPage.Show(io.Output, changes);
                if (changes.Count == 0 && labels.Length == 0) return ExitStatus.Ok;
                await io.Output.WriteAsync($"Change {changes.Count} of these in the DNS? Type yes: ");
                await io.Output.FlushAsync(cancel);
                if (await Console.In.ReadLineAsync(cancel) is not ("yes" or "y")) return ExitStatus.Ok;
                // What was seen is what is changed, whatever the plan says by now.
                labels = [.. changes.Select(DnsPlanPage.LabelOf)];
            }
            args["only"] = new JsonArray([.. labels.Select(l => (JsonNode)l)]);
            return await ChangeAsync(parsed, "dns.apply", args, cancel);
        });
        return verb;
    }

    private static Command RollBack()
    {
        var only = Only();
        var verb = new Command("rollback", CommandTree.Help(
            "Put back what stood before the last apply, where nobody has changed it since. Again: the apply before that.",
            "aviso dns rollback", "aviso dns rollback --only _dmarc.example.org/TXT"))
        {
            CommandTree.Json, only,
        };
        verb.SetAction((parsed, cancel) => ChangeAsync(
            parsed, "dns.rollback", new() { ["only"] = new JsonArray([.. (parsed.GetValue(only) ?? []).Select(l => (JsonNode)l)]) },
                cancel));
        return verb;
    }

    private static Task<int> ChangeAsync(ParseResult parsed, string call, JsonObject args, CancellationToken cancel) =>
        AdminVerb.SendAsync(parsed, call, args, new(ShowChanges, HasFailed), cancel);

    private static void ShowChanges(TextWriter output, JsonNode? rows) =>
        Output.Show(output, rows is JsonArray { Count: 0 } ? "nothing to change" : rows);

    // Did a change not come about as it was asked for.
    private static bool HasFailed(JsonNode? rows) => rows is JsonArray all && all.Any(r => r?["state"]?.ToString() is "failed" or "left");
}
