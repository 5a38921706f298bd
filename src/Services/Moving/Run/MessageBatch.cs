using Aviso.Store;

namespace Aviso.Moving;

/// <summary>Messages that go into the store together, read and understood.</summary>
internal sealed class MessageBatch : IDisposable
{
    private const int MostMessages = 128;
    private const long MostOctets = 4 << 20;

    // A body over this is a file of its own in the store, and would make files of those beside it.
    private const long Alone = 900 * 1024;

    private readonly List<AppendMessage> _messages = [];
    private readonly List<SourceMessage> _sources = [];

    public IReadOnlyList<AppendMessage> Messages => _messages;

    public IReadOnlyList<SourceMessage> Sources => _sources;

    public long Octets => _messages.Sum(message => message.Body.Length);

    /// <summary>Takes as many as go together, from <paramref name="at"/> on; says which could not be read.</summary>
    /// <returns>The place after the last.</returns>
    public static (MessageBatch Batch, int Next) Read(
        MailSource source, IReadOnlyList<SourceMessage> all, int at, MoveTarget target, Action<SourceMessage, Exception> failed,
            CancellationToken cancel)
    {
        var batch = new MessageBatch();
        try
        {
            long octets = 0;
            while (at < all.Count && batch._messages.Count < MostMessages && octets < MostOctets)
            {
                cancel.ThrowIfCancellationRequested();
                // Known to be large: with those before it, it waits for the next turn.
                if (batch._messages.Count > 0 && all[at].Size > Alone) break;
                var message = all[at++];
                if (batch.Add(source, message, target, failed, cancel) is not { } length) continue;
                octets += length;
                if (length > Alone) break;
            }
            return (batch, at);
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private long? Add(
        MailSource source, SourceMessage message, MoveTarget target, Action<SourceMessage, Exception> failed, CancellationToken cancel)
    {
        var body = target.Store.Spool.Begin();
        try
        {
            source.Copy(message, body, cancel);
            if (body.Length == 0) throw new SourceException($"{source.Tell(message)} is empty");
            _messages.Add(new(body, target.Reader.Render(body), message.Flags, message.Keywords, message.InternalDate));
            _sources.Add(message);
            return body.Length;
        }
        catch (Exception e) when (e is SourceException or SourceGoneException or EndOfStreamException && e is not SourceLostException)
        {
            body.Dispose();
            failed(message, e);
            return null;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose() => _messages.ForEach(message => message.Body.Dispose());
}
