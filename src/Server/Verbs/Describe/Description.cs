using System.Text;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Server;
using Aviso.Settings;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>A server that does not run, on one page: from its settings. Has no secrets.</summary>
internal sealed class Description
{
    private readonly List<(string Title, JsonArray Rows)> _parts = [];
    private readonly JsonObject _head;

    private Description(JsonObject head) => _head = head;

    public static async Task<Description> OfAsync(string path, ServerSettings settings, CancellationToken cancel)
    {
        var accounts = await AskAsync(settings, "account.list", cancel);
        var page = new Description(new()
        {
            ["hostname"] = settings.HostName,
            ["version"] = BuildInfo.Version,
            ["file"] = path,
            ["data"] = settings.Data,
            ["running"] = accounts is not null,
            ["postmaster"] = settings.Postmaster,
        });
        page.Add("Findings", await AskAsync(settings, "doctor.list", cancel) ?? []);
        page.Add("Listeners", settings.Listeners.Select(l => Row(("kind", Word(l.Kind)), ("address", l.Address.ToString()),
            ("tls", l.IsImplicitTls ? "from the first octet" : ""))));
        page.Add("Domains", await AskAsync(settings, "domain.list", cancel) ?? [.. settings.Domains.Select(d =>
            (JsonNode)Row(("name", d.Name), ("catch_all", d.CatchAll ?? ""), ("alias_of", d.AliasOf ?? ""),
                ("owner", d.PlaceOf("name").ToString())))]);
        page.Add("Accounts and aliases", [(JsonNode)await CountsAsync(settings, accounts, cancel)]);
        page.Add("Relays", settings.Relays.Select(r => Row(("name", r.Name), ("host", $"{r.Host}:{r.Port}"), ("tls", Word(r.Tls)),
            ("login", r.Username?.ToString() ?? "none"), ("quota", r.Quota?.ToString() ?? "none"))));
        page.Add("Routes", settings.Routes.Select(r => Row(("from", r.From), ("to", r.To), ("relay", r.Relay))));
        var waiting = (await AskAsync(settings, "settings.waiting", cancel) ?? [])
            .ToDictionary(w => w!["key"]!.ToString(), w => w!["holds"]!.ToString());
        page.Add("Limits", SettingsRows.Limits(settings, waiting));
        page.Add("Changed, but only after a restart", waiting.Select(w => Row(("key", w.Key), ("holds until then", w.Value))));
        page.Add("Set, but without effect yet", ServerSettings.Table.Keys.Where(k => k.Later is not null && settings.Has(k.Name))
            .Select(k => Row(("key", k.Name), ("comes with", k.Later!))));
        return page;
    }

    public JsonObject Json()
    {
        var json = (JsonObject)_head.DeepClone();
        foreach (var (title, rows) in _parts)
            json[title.ToLowerInvariant().Replace(",", "", StringComparison.Ordinal).Replace(' ', '_')] = rows.DeepClone();
        return json;
    }

    public string Markdown()
    {
        var text = new StringBuilder($"# {_head["hostname"]}\n\nAviso {_head["version"]}, settings from {_head["file"]}, "
            + $"data in {_head["data"]}, "
            + $"{(_head["running"]!.GetValue<bool>() ? "running" : "not running")}. Mail for postmaster goes to {_head["postmaster"]}.\n");
        foreach (var (title, rows) in _parts.Where(p => p.Rows.Count > 0))
        {
            text.Append($"\n## {title}\n\n");
            MarkdownTable.Write(text, rows);
        }
        return text.ToString();
    }

    private void Add(string title, IEnumerable<JsonNode> rows) => _parts.Add((title, [.. rows]));

    private void Add(string title, JsonArray rows) => _parts.Add((title, rows));

    private static async Task<JsonObject> CountsAsync(ServerSettings settings, JsonArray? accounts, CancellationToken cancel)
    {
        var declared = AccountsMapping.Accounts(settings);
        var aliases = (await AskAsync(settings, "alias.list", cancel))?.Count
            ?? declared.Aliases.Count + (declared.AliasesFrom?.Items?.Count ?? 0);
        return Row(("accounts", (accounts?.Count ?? declared.Accounts.Count + (declared.AccountsFrom?.Items?.Count ?? 0)).ToString()),
            ("suspended", accounts is null ? "" : accounts.Count(a => a!["state"]?.ToString() == "suspended").ToString()),
            ("aliases", aliases.ToString()));
    }

    /// <summary>Null when no server runs, or it may not be asked.</summary>
    private static async Task<JsonArray?> AskAsync(ServerSettings settings, string verb, CancellationToken cancel)
    {
        try
        {
            return (await AdminClient.TryCallAsync(settings.Data, new(verb, []), cancel))?.Result?.DeepClone() as JsonArray;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
