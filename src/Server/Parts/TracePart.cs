using System.Security.Cryptography;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Trace;
using Aviso.Web;

namespace Aviso.Server;

/// <summary>What is kept of the life of each message: the recorder, who tells it, and who may ask.</summary>
internal sealed class TracePart : IPart
{
    private const string KeyKind = "trace-link-key";

    private readonly TraceRecorder _recorder;
    private readonly SqliteMailStore _store;
    private readonly Gatekeeper _gate;
    private readonly RefusedClients _refused;
    private readonly TraceDesk _desk;

    private TracePart(TraceRecorder recorder, SqliteMailStore store, TraceDesk desk, Site site)
    {
        (_recorder, _store, _gate, _desk) = (recorder, store, site.The<Gatekeeper>(), desk);
        _refused = new(recorder, site.Ids, site.Clock);
        store.Told = new StoreTrace(recorder, site.Ids, site.Clock).Hear;
        _gate.TurnedAway += Hear;
    }

    public string Name => "trace";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (store, clock) = (site.The<SqliteMailStore>(), site.Clock);
        var recorder = site.Put(TraceRecorder.Open(settings.Data, TraceMapping.Trace(settings), clock, site.Log("Trace")));
        try
        {
            var links = new TraceLinks(await KeyAsync(store, clock, cancel), clock);
            var desk = site.Put(new TraceDesk(new(recorder), links, settings.HostName));
            return new TracePart(recorder, store, desk, site);
        }
        catch
        {
            await recorder.DisposeAsync();
            throw;
        }
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _recorder.Options = TraceMapping.Trace(now);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        _gate.TurnedAway -= Hear;
        _store.Told = null;
        await _recorder.DisposeAsync();
        _desk.Dispose();
    }

    private void Hear(Evidence evidence) =>
        _refused.Hear(ListenerKinds.Name(evidence.Kind), evidence.Client, evidence.What.Word);

    // Made once; whoever takes it away ends all links.
    private static async Task<byte[]> KeyAsync(IDocumentRows documents, TimeProvider clock, CancellationToken cancel)
    {
        if (await documents.GetDocumentAsync(default, KeyKind, "key", cancel) is { Value.Length: 32 } kept) return kept.Value;
        var made = RandomNumberGenerator.GetBytes(32);
        await documents.ChangeDocumentsAsync([new(new(default, KeyKind, "key"), made, clock.GetUtcNow().ToUnixTimeSeconds())], [], cancel);
        return made;
    }
}
