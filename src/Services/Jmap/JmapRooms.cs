using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What the rooms share, made once: a room's feature takes from here what its methods work on.</summary>
internal sealed class JmapRooms : IAsyncDisposable
{
    private readonly HttpClient _pushes;

    private JmapRooms(JmapServices services, JmapLimits limits, Vapid vapid)
    {
        (Services, Limits, Vapid) = (services, limits, vapid);
#pragma warning disable CA2000 // disposed with the rooms
        Blobs = new(
            services.Store, new(services.Uploads, services.Ids, services.Clock, UploadLimits.Of(limits)), new(services.Scripts.Scripts));
#pragma warning restore CA2000
        Identities = new(services.Store, services.Ids, services.Clock);
        Submissions = new(services.Store, services.Ids, services.Clock);
        Quotas = new(services.Store);
        Contacts = new(services.Store, services.Ids, services.Clock);
        Mail = new(services.Store, services.Clock, services.Reader, new SpooledBlobs(Blobs, services.Store.Spool));
        Feed = new(services.Store, services.Store.StateAsync,
            [
                Identities, Submissions, Quotas, new ScriptStates(services.Scripts.Scripts), new VacationStates(services.Scripts.Replies),
                .. Contacts.States,
            ]);
        services.Scripts.Scripts.Changed += ScriptsChanged;
        services.Scripts.Replies.Changed += ReplyChanged;
        Submitter = new(services.Receiver, services.Ids, services.MaxRecipients, services.MaxMessageSize);
        _pushes = PushHttp.Open(services.Connect);
        Push = new(
            services.Store, services.Ids, Feed, one => new(_pushes, vapid, one, services.Clock), services.Clock);
        var letters = new UnsentLetters(services.Store, services.Reader, services.Ids, services.Clock, services.HostName);
        Outbox = new(services.Store, Submissions, Submitter, letters, Feed, services.AddressOf, services.Clock, services.Log);
    }

    public JmapServices Services { get; }

    public JmapLimits Limits { get; }

    public BlobShelf Blobs { get; }

    public StateFeed Feed { get; }

    public Identities Identities { get; }

    public Submissions Submissions { get; }

    public Quotas Quotas { get; }

    public ContactStore Contacts { get; }

    public MailRoom Mail { get; }

    public Submitter Submitter { get; }

    public Vapid Vapid { get; }

    public PushSubscriptions Push { get; }

    public Outbox Outbox { get; }

    public static async Task<JmapRooms> OpenAsync(JmapServices services, JmapLimits limits, CancellationToken cancel) =>
#pragma warning disable CA2000 // the rooms dispose it
        new(services, limits, await Vapid.OpenAsync(services.Store, services.Contact, services.Clock, cancel));
#pragma warning restore CA2000

    /// <summary>What waits since before the start goes on.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        await Outbox.StartAsync(cancel);
        if (Services.Connect is not null) await Push.StartAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        Services.Scripts.Scripts.Changed -= ScriptsChanged;
        Services.Scripts.Replies.Changed -= ReplyChanged;
        await Outbox.DisposeAsync();
        await Push.DisposeAsync();
        _pushes.Dispose();
        Vapid.Dispose();
        Feed.Dispose();
        Submissions.Dispose();
        Contacts.Dispose();
        Identities.Dispose();
        Blobs.Uploads.Dispose();
    }

    private void ScriptsChanged(AccountId account, string state) => Feed.Changed(account, SieveScriptObject.Type, state);

    private void ReplyChanged(AccountId account, string state) => Feed.Changed(account, VacationObject.Type, state);
}
