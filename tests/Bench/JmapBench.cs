using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Jmap;
using Aviso.Store;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Bench;

/// <summary>JMAP requests upon a mailbox of 100,000, from the octets of the request to those of the response.</summary>
[MemoryDiagnoser]
public class JmapBench
{
    private const int Messages = 100_000;

    private readonly string _data = Path.Combine(Path.GetTempPath(), "aviso-bench-jmap-" + Path.GetRandomFileName());
    private SqliteMailStore? _store;
    private JmapServer? _server;
    private JmapUser? _user;
    private MailboxId _inbox;
    private byte[] _list = [];
    private byte[] _body = [];
    private uint _uid;

    // The tool does not wait for a task here.
    [GlobalSetup]
    public void SetUp() => FillAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void CleanUp()
    {
        DisposeStoreAsync().GetAwaiter().GetResult();
        Directory.Delete(_data, recursive: true);
    }

    private async Task FillAsync()
    {
        await OpenAsync();
        await DisposeStoreAsync();
        await Fill.StoreAsync(_data, 0, Messages);
        await OpenAsync();
        _list = Request(
            """
            ["Email/query",{"accountId":"$","filter":{"inMailbox":"#"},"sort":[{"property":"receivedAt","isAscending":false}],
            "collapseThreads":true,"limit":50},"0"]
            """,
            """
            ["Email/get",{"accountId":"$","#ids":{"resultOf":"0","name":"Email/query","path":"/ids"},"properties":
            ["threadId","mailboxIds","keywords","size","receivedAt","from","to","subject","hasAttachment","preview"]},"1"]
            """);
        _body = Request(
            """["Email/query",{"accountId":"$","filter":{"inMailbox":"#"},"limit":1},"0"]""",
            """["Email/get",{"accountId":"$","#ids":{"resultOf":"0","name":"Email/query","path":"/ids"},"fetchAllBodyValues":true},"1"]""");
        await ListAsync();
    }

    /// <summary>Email/query and Email/get of the first 50, what a list shows.</summary>
    [Benchmark]
    public Task<int> ListAsync() => AnswerAsync(_list);

    /// <summary>The same when a flag has changed before.</summary>
    [Benchmark]
    public async Task<int> ListAfterAChangeAsync()
    {
        var change = new FlagChange((_uid & 1) == 0 ? FlagOperation.Add : FlagOperation.Remove, SystemFlags.Flagged, []);
        await _store!.StoreFlagsAsync(_user!.Account, _inbox, [1 + (_uid++ / 2 % 1_000)], change, null, default);
        return await AnswerAsync(_list);
    }

    /// <summary>Email/get of one email with its body.</summary>
    [Benchmark]
    public Task<int> BodyAsync() => AnswerAsync(_body);

    private async Task DisposeStoreAsync()
    {
        if (_store is not null) await _store.DisposeAsync();
        _store = null;
    }

    private async Task<int> AnswerAsync(byte[] request)
    {
        using var reply = await _server!.AnswerAsync(_user!, "application/json", request, default);
        var isAnswered = reply.Status == 200 && reply.Body.Span.IndexOf("[\"error\""u8) < 0;
        return isAnswered ? reply.Body.Length : throw new InvalidOperationException(Encoding.UTF8.GetString(reply.Body.Span));
    }

    private byte[] Request(params string[] calls) => Encoding.UTF8.GetBytes(
        $$"""{"using":["urn:ietf:params:jmap:core","urn:ietf:params:jmap:mail"],"methodCalls":[{{string.Join(',', calls)}}]}"""
            .Replace("$", _user!.Account.ToString(), StringComparison.Ordinal).Replace("\"#\"", $"\"{_inbox}\"", StringComparison.Ordinal));

    private async Task OpenAsync()
    {
        _store = await SqliteMailStore.OpenAsync(
            new() { DataFolder = _data, Clock = TimeProvider.System, Log = NullLogger.Instance, Reader = new MessageReader() }, default);
        var account = await _store.EnsureAccountAsync("user001@bench.test", declared: true, default);
        _inbox = (await _store.FindMailboxAsync(account.Id, "INBOX", default))!.Id;
        _user = new(account.Id, "user001@bench.test");
        var limits = new JmapLimits();
        var room = new MailRoom(_store, TimeProvider.System, new MessageReader(), new NoBlobs());
        _server = new(new MethodTable([CoreFeature.Of(limits), MailFeature.Of(room, limits)]), limits, NullLogger.Instance);
    }

    // Nothing is uploaded here.
    private sealed class NoBlobs : IBlobs
    {
        public Task<SpooledBody?> OpenAsync(JmapUser user, AccountId account, string blobId, CancellationToken cancel) =>
            Task.FromResult<SpooledBody?>(null);
    }
}
