namespace Aviso.Settings;

public sealed class RouteSection : SettingsSection
{
    internal static readonly Table<RouteSection> Table = new("One route; the first that fits counts.");

    /// <summary>Said instead of a relay's name: straight to the MX.</summary>
    public const string Direct = "direct";

    public string To => Get(ToKey);

    private static readonly Key<string> ToKey = new(Table, "to", Types.RouteMatch, "*",
        "Recipients: `*`, a domain, `*.domain` or an address.") { Example = "elsewhere.example" };

    public string From => Get(FromKey);

    private static readonly Key<string> FromKey = new(Table, "from", Types.RouteMatch, "*",
        "Senders: `*`, a domain, `*.domain` or an address.") { Example = "example.org" };

    public string Relay => Get(RelayKey);

    private static readonly Key<string> RelayKey = new(Table, "relay", Types.Word, "",
        "The name of a relay, or `direct` for the MX of the recipient's domain.") { Required = true, Example = "brevo" };
}
