using Aviso.Base;
using Aviso.Tests.Unit.Store;
using Aviso.Trace;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.Trace;

/// <summary>A recorder in a folder of its own, and messages as a test makes them up.</summary>
internal sealed class TraceScene : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-trace-").FullName;
    private readonly IdSource _ids;

    public TraceScene(TraceOptions? options = null)
    {
        _ids = new(Clock);
        Recorder = TraceRecorder.Open(_folder, options ?? new(), Clock, NullLogger.Instance);
    }

    public TestClock Clock { get; } = new();

    public TraceRecorder Recorder { get; private set; }

    public string Files => Path.Combine(_folder, "trace");

    public string NewId() => IdText.Format(_ids.Next());

    /// <summary>Tells of a message that came in.</summary>
    /// <returns>Its id.</returns>
    public string Tell(
        string sender = "x@sender.example", string recipient = "alice@example.org", string subject = "hello",
        string messageId = "1@sender.example",
        string client = "192.0.2.7", string account = "0000000000001", string? queue = null, Action<TraceEntry>? more = null)
    {
        var id = NewId();
        if (Recorder.Begin(Clock.GetUtcNow()) is not { } entry) return id;
        entry.Event(TraceKind.Connected).With(TraceField.Id, id).With(TraceField.Client, client)
            .With(TraceField.Helo, "client.sender.example");
        entry.Event(TraceKind.Mail).With(TraceField.Sender, sender);
        entry.Event(TraceKind.RecipientAccepted).With(TraceField.Recipient, recipient).With(TraceField.Account, account);
        entry.Event(TraceKind.Header).With(TraceField.MessageId, messageId).With(TraceField.Subject, subject);
        if (queue is null)
            entry.Event(TraceKind.Filed).With(TraceField.Account, account).With(TraceField.Recipient, recipient)
                .With(TraceField.Folder, "INBOX").With(TraceField.Uid, 1L).With(TraceField.Email, "e" + id[1..]);
        else entry.Event(TraceKind.Queued).With(TraceField.Queue, queue).With(TraceField.Recipient, recipient);
        more?.Invoke(entry);
        entry.Event(TraceKind.Accepted);
        Recorder.Add(entry);
        return id;
    }

    /// <summary>Tells of something later.</summary>
    public void Later(Action<TraceEntry> what)
    {
        var entry = Recorder.Begin(Clock.GetUtcNow())!;
        what(entry);
        Recorder.Add(entry);
    }

    public IReadOnlyList<MessageTrace> Find(string text, Func<TraceQuery, TraceQuery>? with = null)
    {
        var query = TraceQuery.Parse(text, Clock.GetUtcNow());
        return new TraceFinder(Recorder).Find(with?.Invoke(query) ?? query, trace => trace, default);
    }

    public string[] Ids(string text) => [.. Find(text).Select(t => t.Id)];

    public async Task ReopenAsync(TraceOptions? options = null, Action? between = null)
    {
        await Recorder.DisposeAsync();
        between?.Invoke();
        Recorder = TraceRecorder.Open(_folder, options ?? new(), Clock, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await Recorder.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
