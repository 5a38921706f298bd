using System.Text;
using System.Text.Json;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Jmap;
using Aviso.Sieve;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Smtp;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>The whole JMAP server on a real store, with a receiver that keeps what is sent.</summary>
internal sealed class JmapScene : IAsyncDisposable
{
    private JmapRooms? _rooms;

    private JmapScene(TestStore store, AccountId account, MailboxId inbox)
    {
        (Store, Account, Inbox) = (store, account, inbox);
        (Scripts, Replies) = (new(store.Store, Clock, new() { Size = 1000, Count = 4, Octets = 2000 }), new(store.Store, Clock));
        Alice = new(account, "alice@example.test");
    }

    public TestStore Store { get; }

    public AccountId Account { get; }

    public MailboxId Inbox { get; }

    public JmapUser Alice { get; }

    public ManualClock Clock { get; } = new();

    /// <summary>At most 4, of 1000 octets, 2000 in all.</summary>
    public SieveScripts Scripts { get; }

    public VacationReplies Replies { get; }

    public LogLines Log { get; } = new();

    public FakeReceiver Receiver { get; } = new();

    public JmapRooms Rooms => _rooms ?? throw new InvalidOperationException("not open");

    public JmapServer Server { get => field ??= new(Rooms); private set; }

    public static async Task<JmapScene> OpenAsync(JmapLimits? limits = null)
    {
        var store = await TestStore.OpenAsync(with: options => options with { Reader = new MessageReader() });
        var (account, inbox) = await store.AccountAsync();
        var scene = new JmapScene(store, account, inbox);
        scene._rooms = await JmapRooms.OpenAsync(scene.Services(), limits ?? new(), default);
        await scene.Rooms.StartAsync(default);
        return scene;
    }

    /// <summary>The JMAP server ends and begins again, on the same store.</summary>
    public async Task RestartAsync()
    {
        await Rooms.DisposeAsync();
        _rooms = await JmapRooms.OpenAsync(Services(), new(), default);
        Server = new(_rooms);
        await _rooms.StartAsync(default);
    }

    private JmapServices Services() => new(Store.Store, Path.Combine(Store.Folder, "uploads"), Receiver, new IdSource(Clock), Clock, Log)
    {
        Scripts = new(Scripts, Replies, SieveOptions.Default, 4, "Aviso 1"),
        HostName = "mail.example.test",
        Reader = new MessageReader(),
        MaySendAs = static (_, address) => address.EndsWith("alice@example.test", StringComparison.Ordinal),
        AddressOf = _ => Alice.Address,
        MaxRecipients = 3,
        MaxMessageSize = 1 << 20,
    };

    /// <summary>Puts a message into INBOX.</summary>
    public async Task<EmailId> AppendAsync(string text)
    {
        using var body = Store.Body(text.ReplaceLineEndings("\r\n"));
        var rendered = new MessageReader().Render(body);
        var message = new AppendMessage(body, rendered, SystemFlags.None, [], Store.Clock.Seconds);
        var appended = await Store.Store.AppendAsync(Account, Inbox, [message], default);
        Assert.True(appended.Ok);
        var view = await Store.Store.ViewAsync(Account, Inbox, default) ?? throw new InvalidOperationException("no INBOX");
        return view[view.Count - 1].Email;
    }

    /// <summary>The responses of calls; ACCOUNT stands for the account's id.</summary>
    public async Task<JsonElement> CallAsync(string calls, JmapUser? user = null)
    {
        var uses = string.Join("\",\"", MethodTable.Of(Rooms).Capabilities.Select(c => c.Uri));
        var body = $$$$"""{"using":["{{{{uses}}}}"],"methodCalls":[{{{{calls}}}}]}""";
        var octets = Encoding.UTF8.GetBytes(body.Replace("ACCOUNT", Account.ToString(), StringComparison.Ordinal));
        using var reply = await Server.AnswerAsync(user ?? Alice, "application/json", octets, default);
        var text = Encoding.UTF8.GetString(reply.Body.Span);
        Assert.True(reply.Status == 200, text);
        using var document = JsonDocument.Parse(text);
        return document.RootElement.GetProperty("methodResponses").Clone();
    }

    /// <summary>The arguments of the response to one call.</summary>
    public async Task<JsonElement> OneAsync(string method, string arguments, JmapUser? user = null)
    {
        var answers = await CallAsync(One(method, arguments), user);
        Assert.True(answers[0][0].GetString() == method, answers.GetRawText());
        return answers[0][1];
    }

    public async Task<string> ErrorAsync(string method, string arguments, JmapUser? user = null)
    {
        var answers = await CallAsync(One(method, arguments), user);
        Assert.True(answers[0][0].GetString() == "error", answers.GetRawText());
        return answers[0][1].GetProperty("type").GetString() ?? "";
    }

    private static string One(string method, string arguments) =>
        $$$$"""["{{{{method}}}}",{"accountId":"ACCOUNT"{{{{(arguments.Length > 0 ? "," : "")}}}}{{{{arguments}}}}},"0"]""";

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Scripts.Dispose();
        Replies.Dispose();
        await Store.DisposeAsync();
        Assert.Empty(Log.Lines.Where(line => line.StartsWith("4601", StringComparison.Ordinal)));
    }
}

/// <summary>Keeps what is handed in, and says no where a test wants it.</summary>
internal sealed class FakeReceiver : IMailReceiver
{
    private readonly BodySpool _spool = new(Path.GetTempPath(), 100 << 20);

    public List<(MailTransaction Mail, List<MailRecipient> Recipients, string Text)> Taken { get; } = [];

    public Func<MailTransaction, Refusal?> OfSender { get; set; } = _ => null;

    public Func<MailRecipient, Refusal?> OfRecipient { get; set; } = _ => null;

    public Refusal? OfMessage { get; set; }

    /// <summary>How many messages came to their end, taken or not.</summary>
    public int Finished { get; private set; }

    public ValueTask<Begun> BeginAsync(MailTransaction transaction, CancellationToken cancel) => new(
        OfSender(transaction) is { } no ? new Begun.Not(no) : new Begun.Open(new Receiving(this, transaction)));

    private sealed class Receiving(FakeReceiver receiver, MailTransaction mail) : IReceiving
    {
        private readonly List<MailRecipient> _recipients = [];

        public ValueTask<Refusal?> AddAsync(MailRecipient recipient, CancellationToken cancel)
        {
            if (receiver.OfRecipient(recipient) is { } no) return new(no);
            _recipients.Add(recipient);
            return new((Refusal?)null);
        }

        public SpooledBody BeginBody(Action? evict = null) => receiver._spool.Begin();

        public ValueTask<ReceiveResult> FinishAsync(SpooledBody body, CancellationToken cancel)
        {
            receiver.Finished++;
            using (body)
            {
                var octets = new byte[body.Length];
                var read = body.Read(0, octets);
                if (receiver.OfMessage is null) receiver.Taken.Add((mail, _recipients, Encoding.UTF8.GetString(octets.AsSpan(0, read))));
            }
            return new(new ReceiveResult("id-1", [.. _recipients.Select(_ => receiver.OfMessage)]));
        }
    }
}
