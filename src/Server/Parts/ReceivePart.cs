using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.MailAuth;
using Aviso.Settings;
using Aviso.Smtp;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Trace;

namespace Aviso.Server;

/// <summary>The way in: what is asked about each message before it is taken.</summary>
internal sealed class ReceivePart(SpamPart spam, ServerSettings settings) : IPart
{
    private volatile SpamSection _spam = settings.Spam;
    private volatile DmarcAction _dmarc = settings.Dmarc.Reject;

    public string Name => "receive";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var part = new ReceivePart(site.The<SpamPart>(), settings);
        var receiver = new MailReceiver(LimitsMapping.Receive(settings), site.The<AccountBook>(), site.The<SqliteMailStore>(), site.Reader,
            site.The<IRouter>(), site.Ids, site.Clock, site.Log("Delivery"))
        {
            Queued = site.The<QueueRunner>().Wake,
            Filters = part.Filters(site),
        };
        site.Put<IMailReceiver>(receiver);
        return Task.FromResult<IPart>(part);
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _spam = now.Spam;
        _dmarc = now.Dmarc.Reject;
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public ValueTask DisposeAsync() => default;

    // Who judges spam elsewhere may still want its viruses found here.
    private SpamFilter? Filter() => _spam switch
    {
        { Enabled: true } => spam.Filter,
        { Antivirus.Clamd: not null } => spam.Scanner,
        _ => null,
    };

    private ReceiveFilters Filters(Site site) => new()
    {
        Verifier = site.The<MailVerifier>(),
        Spam = Filter,
        Keys = site.The<SigningKeys>(),
        Srs = site.The<SenderRewriter>(),
        Sieve = site.The<SieveStep>(),
        Post = new(site.The<INoticeTarget>(), site.The<AccountBook>(), site.The<SqliteMailStore>(), site.Reader, site.The<IRouter>(), site.Clock,
            site.Log("Delivery")),
        Tally = site.The<DmarcTally>(),
        Dmarc = () => _dmarc,
        Reports = site.The<ReportIntake>(),
        Bounces = site.The<RelayBounces>().Take,
        Correspondents = spam.Correspondents,
        Traps = spam.Traps,
        Sending = site.The<SendingBrake>(),
        Trace = site.The<TraceRecorder>(),
        IsTrustedRelay = site.The<SendersPart>().IsTrustedRelay,
        Moved = site.The<DayTallies>().Moved,
        ReportAddresses = () => site.The<ReportsPart>().Addresses,
    };
}
