namespace Aviso.Settings;

/// <summary>The CrowdSec engine that owns the policy in mode crowdsec.</summary>
public sealed class EngineSection : SettingsSection
{
    public string Url { get; private set; } = "http://127.0.0.1:8080";

    public Secret? Key { get; private set; }

    public TimeSpan Every { get; private set; } = TimeSpan.FromSeconds(10);

    public string? Machine { get; private set; }

    public Secret? Password { get; private set; }

    public Secret? Authority { get; private set; }

    internal static readonly Table<EngineSection> Table = new("A CrowdSec engine, by its local API (LAPI).",
    [
        new Key<EngineSection, string>("url", Types.Text, s => s.Url, (s, v) => s.Url = v, "Where its local API listens.") { Example = "http://crowdsec.crowdsec.svc:8080" },
        new Key<EngineSection, Secret>("key", Types.Secret, s => s.Key, (s, v) => s.Key = v,
            "A bouncer's key (`cscli bouncers add aviso`). One for each server: the engine remembers by key what it has told.")
            { Example = "env:CROWDSEC_KEY", DefaultText = "none" },
        new Key<EngineSection, TimeSpan>("every", Types.Duration, s => s.Every, (s, v) => s.Every = v,
            "How often it is asked for its decisions.") { Example = "30s" },
        new Key<EngineSection, string>("machine", Types.Word, s => s.Machine, (s, v) => s.Machine = v,
            "The machine whose alerts ours are (`cscli machines add aviso --password ...`). Without it the engine hears nothing of what is seen here.")
            { Example = "aviso", DefaultText = "none" },
        new Key<EngineSection, Secret>("password", Types.Secret, s => s.Password, (s, v) => s.Password = v,
            "The machine's password.") { Example = "env:CROWDSEC_PASSWORD", DefaultText = "none" },
        new Key<EngineSection, Secret>("ca", Types.Certificate, s => s.Authority, (s, v) => s.Authority = v,
            "The authority of its certificate, as PEM, where the URL is https.") { Example = "file:/etc/aviso/crowdsec-ca.crt", DefaultText = "those of the system" },
    ]);
}

/// <summary>Sets of the kernel's packet filter that hold what is banned.</summary>
public sealed class NftablesSection : SettingsSection
{
    public string Table { get; private set; } = "aviso";

    public bool Drop { get; private set; } = true;

    internal static readonly Table<NftablesSection> Keys = new("The kernel's packet filter.",
    [
        new Key<NftablesSection, string>("table", Types.Word, s => s.Table, (s, v) => s.Table = v,
            "The name of our own inet table. It holds the sets `banned4` and `banned6`.") { Example = "aviso_mail" },
        new Key<NftablesSection, bool>("drop", Types.Boolean, s => s.Drop, (s, v) => s.Drop = v,
            "A chain of ours drops what comes from these sets to our ports. false: only the sets, for chains of your own in this table.") { Example = "false" },
    ]);
}
