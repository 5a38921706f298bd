using System.Text;
using System.Text.Json;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Jmap;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>An account with mail behind JMAP's methods, as requests see it.</summary>
internal sealed class MailScene : IAsyncDisposable, IBlobs
{
    private readonly TestStore _test;
    private readonly JmapServer _server;
    private readonly Dictionary<string, byte[]> _blobs = [];

    private MailScene(TestStore test, AccountId account, MailboxId inbox, JmapLimits limits)
    {
        (_test, Account, Inbox) = (test, account, inbox);
        Services = new(test.Store, test.Clock, new MessageReader(), this);
        var features = new[] { CoreFeature.Of(limits), MailFeature.Of(Services, limits), ExpungedFeature.Of(Services, limits) };
        _server = new(new MethodTable(features), limits, NullLogger.Instance);
    }

    public AccountId Account { get; }

    public MailboxId Inbox { get; }

    public MailRoom Services { get; }

    public TestStore Test => _test;

    public IMailStore Store => _test.Store;

    public static async Task<MailScene> OpenAsync(JmapLimits? limits = null)
    {
        var test = await TestStore.OpenAsync(with: options => options with { Reader = new MessageReader() });
        var (account, inbox) = await test.AccountAsync();
        return new(test, account, inbox, limits ?? new());
    }

    public async Task<string> MailboxAsync(string name) => (await Store.FindMailboxAsync(Account, name, default))!.Id.ToString();

    /// <summary>The answer of one method; arguments without accountId get this account's. $NAME is the id of that mailbox.</summary>
    public async Task<JsonElement> CallAsync(string method, string arguments)
    {
        var (name, answer) = await OneAsync(method, arguments);
        Assert.True(name == method, answer.GetRawText());
        return answer;
    }

    public async Task<string> ErrorAsync(string method, string arguments)
    {
        var (name, answer) = await OneAsync(method, arguments);
        Assert.Equal("error", name);
        return answer.GetProperty("type").GetString() ?? "";
    }

    public async Task<(string Name, JsonElement Answer)> OneAsync(string method, string arguments)
    {
        var answers = await AnswersAsync($"""["{method}",{await FillAsync(arguments)},"c"]""");
        Assert.Equal(1, answers.GetArrayLength());
        return (answers[0][0].GetString() ?? "", answers[0][1]);
    }

    public async Task<JsonElement> AnswersAsync(string calls)
    {
        var use = $"\"{Capabilities.Core}\",\"{Capabilities.Mail}\",\"{Capabilities.Expunged}\"";
        var body = $$$$"""{"using":[{{{{use}}}}],"methodCalls":[{{{{calls}}}}]}""";
        var user = new JmapUser(Account, "alice@example.test");
        using var reply = await _server.AnswerAsync(user, "application/json", Encoding.UTF8.GetBytes(body), default);
        Assert.Equal(200, reply.Status);
        using var document = JsonDocument.Parse(reply.Body);
        return document.RootElement.GetProperty("methodResponses").Clone();
    }

    /// <summary>Puts accountId first, and ids of mailboxes for their names.</summary>
    public async Task<string> FillAsync(string arguments)
    {
        foreach (var mailbox in await Store.ListMailboxesAsync(Account, default))
            arguments = arguments.Replace("$" + mailbox.Name + "\"", mailbox.Id + "\"", StringComparison.Ordinal);
        var rest = arguments.Trim()[1..];
        return $"{{\"accountId\":\"{Account}\"{(rest == "}" ? "" : ",")}{rest}";
    }

    public string AddBlob(string id, string octets)
    {
        _blobs[id] = Encoding.UTF8.GetBytes(octets);
        return id;
    }

    public Task<SpooledBody?> OpenAsync(JmapUser user, AccountId account, string blobId, CancellationToken cancel)
    {
        if (!_blobs.TryGetValue(blobId, out var octets)) return Task.FromResult<SpooledBody?>(null);
        return Task.FromResult<SpooledBody?>(Store.Spool.Make(into => into.Write(octets)));
    }

    /// <summary>The octets of an email.</summary>
    public async Task<string> ReadAsync(string email)
    {
        Assert.True(IdText.TryParse(email, out var id));
        return await _test.ReadAsync(Account, new(id));
    }

    public ValueTask DisposeAsync() => _test.DisposeAsync();
}
