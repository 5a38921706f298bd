using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Moving;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>Moving in from other servers, and out again.</summary>
internal sealed class MovingPart(MovingService service) : IPart
{
    public string Name => "moving";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var target = new MoveTarget(site.The<SqliteMailStore>(), site.Reader, site.The<SieveScripts>(), site.Clock);
        var host = new Host(site.The<SendersPart>(), site.The<DnsPart>(), site.The<DoctorPart>(), site.The<SigningKeys>());
        return Task.FromResult<IPart>(new MovingPart(site.Put(
            new MovingService(target, site.The<AccountBook>(), site.The<AccountService>(), host, site.Log("Moving")))));
    }

    public ValueTask DisposeAsync() => service.DisposeAsync();

    private sealed class Host(SendersPart senders, DnsPart dns, DoctorPart doctor, SigningKeys keys) : IMoveHost
    {
        public Task TakeDomainsAsync(CancellationToken cancel)
        {
            dns.TakeDomains();
            doctor.TakeDomains();
            return senders.TakeDomainsAsync(cancel);
        }

        public Task<string?> TakeKeyAsync(MoveKey key, CancellationToken cancel) => keys.TakeAsync(key.Domain, key.Selector, key.Pem,
            cancel);
    }
}
