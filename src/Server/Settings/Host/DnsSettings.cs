using System.Net;

namespace Aviso.Settings;

public sealed class DnsSection : SettingsSection
{
    internal static readonly Table<DnsSection> Table = new("Name resolution.");

    public IReadOnlyList<IPEndPoint> Resolvers => Get(ResolversKey);

    private static readonly Key<IReadOnlyList<IPEndPoint>> ResolversKey = new(Table, "resolvers", Types.ListOf(Types.Listen), [],
        "Resolvers to ask, in this order. A validating one on this machine is best.")
    { AfterRestart = true, Example = "[\"127.0.0.1:53\"]", DefaultText = "those of the system" };
}
