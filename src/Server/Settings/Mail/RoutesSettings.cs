using Aviso.Base;
using Aviso.Delivery;

namespace Aviso.Settings;

public sealed class RouteSection : SettingsSection
{
    internal static readonly Table<RouteSection> Table = new("One route; the first that fits counts.");

    /// <summary>Said instead of a relay's name: straight to the MX.</summary>
    public const string Direct = "direct";

    public string To => Get(ToKey);

    private static readonly Key<string> ToKey = new(Table, "to", Types.RouteMatch, "*",
        "Recipients: `*`, a domain, `*.domain` or an address.")
    { Example = "elsewhere.example" };

    public string From => Get(FromKey);

    private static readonly Key<string> FromKey = new(Table, "from", Types.RouteMatch, "*",
        "Senders: `*`, a domain, `*.domain` or an address.")
    { Example = "example.org" };

    public string Relay => Get(RelayKey);

    private static readonly Key<string> RelayKey = new(Table, "relay", Types.Word, "",
        "The name of a relay, or `direct` for the MX of the recipient's domain.")
    { Required = true, Example = "brevo" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class RoutesChecks
{
    public static void RoutesLeadSomewhere(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<(string, string), RouteSection>();
        foreach (var route in settings.Routes.Where(r => r.Relay.Length > 0))
        {
            var names = settings.Relays.Select(r => r.Name).Append(RouteSection.Direct).ToList();
            if (!names.Contains(route.Relay))
                SettingsChecks.Say(problems, route, "relay", $"there is no relay {route.Relay} in `relays`{Nearest.Hint(route.Relay, names)}");
            if (!seen.TryAdd((route.From, route.To), route))
                SettingsChecks.Say(problems, route, "to", $"the route on line {seen[(route.From, route.To)].PlaceOf("relay").Line} already takes this mail");
            else if (seen.TryGetValue(("*", "*"), out var all) && all != route)
                SettingsChecks.Say(problems, route, "to", $"never reached: the route on line {all.PlaceOf("relay").Line} takes all mail; put it last");
        }
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class RoutesMapping
{
    /// <param name="switched">What goes by another relay than its route says; probes go where they are sent.</param>
    public static Router Routes(ServerSettings settings, SwitchedRelay? switched = null) => new(
    [
        .. ProbeMapping.Routes(settings),
        .. settings.Routes.Select(r => new RouteSettings(
            r.To == "*" ? null : r.To, r.From == "*" ? null : r.From, r.Relay == RouteSection.Direct ? null : Now(r.Relay, switched))),
    ]);

    /// <summary>Routes that do not name the former relay any more have taken a switch over; one whose relay is gone cannot hold.</summary>
    public static bool IsOver(ServerSettings settings, SwitchedRelay switched) =>
        settings.Routes.All(r => r.Relay != switched.From) || settings.Relays.All(r => r.Name != switched.To);

    /// <summary>The relay that mail of a route goes by now.</summary>
    public static string Now(string relay, SwitchedRelay? switched) =>
        switched is { IsInForce: true } now && now.From == relay ? now.To : relay;
}
