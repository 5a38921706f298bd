using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Accounts;

internal static class AccountsMeters
{
    private static readonly Meter Meter = new("Aviso.Accounts");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static readonly Counter<long> LoginsTotal = Meter.CreateCounter<long>(
        "aviso_logins_total", null,
            "Logins by kind and result: proved, cached, app-password, passkey, token, refused, unavailable, overload");
    private static readonly Counter<long> Suspended =
        Meter.CreateCounter<long>("aviso_accounts_vanished_total", null, "Accounts suspended because they vanished from the settings");
    private static readonly Counter<long> ListsKept =
        Meter.CreateCounter<long>("aviso_lists_kept_total", null, "Readings of a list that were not believed");

    private static readonly Counter<long> ProviderFailures = Meter.CreateCounter<long>(
        "aviso_token_provider_failures_total", null, "Questions to the OpenID provider that were not answered well");

    public static void ProviderFailed() => ProviderFailures.Add(1);

    public static void Login(Net.ListenerKind kind, string result) =>
        LoginsTotal.Add(1, new("kind", kind.ToString().ToLowerInvariant()), new KeyValuePair<string, object?>("result", result));

    public static void Vanished() => Suspended.Add(1);

    public static void ListKept() => ListsKept.Add(1);
}
