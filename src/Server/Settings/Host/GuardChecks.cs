namespace Aviso.Settings;

/// <summary>What the keys below <c>guard</c> must agree on: there is one owner of policy.</summary>
internal static class GuardChecks
{
    public static void Run(ServerSettings settings, Problems problems)
    {
        var guard = settings.Guard;
        EngineIsWhole(guard, problems);
        LogHasOneReader(guard, problems);
        if (guard.Has("nftables")
            && !(guard.Nftables.Table.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && char.IsAsciiLetter(guard.Nftables.Table[0])))
            Say(problems, guard.Nftables, "table", "must be letters, digits and _ for nftables, a letter first");
        foreach (var (key, at) in guard.Bouncers.Select((key, at) => (key, at)))
        {
            if (key.Reveal().Length < 16) Say(
                problems, guard, $"bouncers[{at}]", "is too short to be a secret: 16 characters at least, as from `openssl rand -hex 16`");
            if (guard.Bouncers.Take(at).Any(other => other.Reveal() == key.Reveal()))
                Say(problems, guard, $"bouncers[{at}]", "is given twice: bouncers with one key take each other's news");
        }
        if (guard.Bouncers.Count > 0
            && settings.Listeners.All(l => l.Kind is not (Aviso.Net.ListenerKind.Http or Aviso.Net.ListenerKind.Https)))
            Say(problems, guard, "bouncers", "have nowhere to ask: add a listener such as `{ kind: http, address: \"127.0.0.1:8080\" }`");
    }

    private static void EngineIsWhole(GuardSection guard, Problems problems)
    {
        if (guard.Mode != GuardMode.Crowdsec)
        {
            if (guard.Has("crowdsec")) Say(problems, guard, "crowdsec",
                "is only asked in mode crowdsec: say `mode: crowdsec`, or leave it out; the server and an engine never both ban");
            return;
        }
        if (!guard.Has("crowdsec"))
        {
            Say(problems, guard, "mode",
                "crowdsec needs its engine: give `crowdsec: { url: ..., key: env:CROWDSEC_KEY }` (`cscli bouncers add aviso` makes the key)");
            return;
        }
        var engine = guard.Crowdsec;
        if (!Uri.TryCreate(engine.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            Say(problems, engine, "url", "must be a URL such as http://127.0.0.1:8080");
        else if (url.AbsolutePath != "/" || url.Query.Length > 0 || url.UserInfo.Length > 0)
            Say(problems, engine, "url", $"is the engine's address alone: say {url.Scheme}://{url.Authority}");
        else if (engine.Has("ca") && url.Scheme != "https") Say(problems, engine, "ca", "is for an https `url`");
        if (!engine.Has("key")) Say(problems, engine, "key", "is missing: `cscli bouncers add aviso` makes one");
        if (engine.Every < TimeSpan.FromSeconds(1) || engine.Every > TimeSpan.FromHours(1)) Say(
            problems, engine, "every", "must be between 1s and 1h");
        if (engine.Has("machine") != engine.Has("password"))
            Say(problems, engine, engine.Has("machine")
                ? "machine" : "password", "a login needs both `machine` and `password` (`cscli machines add aviso --password ...`)");
    }

    private static void LogHasOneReader(GuardSection guard, Problems problems)
    {
        if (guard.CompatibilityLog is null) return;
        if (guard.Mode == GuardMode.Builtin)
            Say(problems, guard, "compatibility_log",
                "is for an engine that reads it and bans; in mode builtin this server bans: say `mode: none` or `mode: crowdsec`, there is one owner");
        if (guard.Mode == GuardMode.Crowdsec && guard.Crowdsec.Has("machine"))
            Say(problems, guard, "compatibility_log", "tells the engine what `crowdsec.machine` tells it already: leave one of them out");
    }

    private static void Say(Problems problems, SettingsSection section, string key, string text) =>
        SettingsChecks.Say(problems, section, key, text);
}
