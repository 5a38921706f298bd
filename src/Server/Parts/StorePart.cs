using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>The store of mail, and the data folder that it locks.</summary>
internal sealed class StorePart(SqliteMailStore store) : IPart
{
    public string Name => "store";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        DataFolder.Make(settings.Data);
        var options = StoreMapping.Store(settings, site.Reader, site.Clock, site.Log("Store"));
        return new StorePart(site.Put(await SqliteMailStore.OpenAsync(options, cancel)));
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
