using Aviso.Base;
using MailKit;

namespace Aviso.Moving;

/// <summary>Fetches bodies by BODY.PEEK[], which sets no flag. Small ones that come next are fetched several at once and wait in memory; a
/// large one goes into its spool while it comes.</summary>
internal sealed class ImapBodies(ImapConnection connection, ImapPlace place, Func<string, uint> validityOf)
{
    private const int MostTogether = 64;
    private const long MostWaiting = 2 << 20, Small = 128 * 1024;

    /// <summary>Octets of one message; there is no larger mail.</summary>
    private const long Most = 1L << 30;

    private readonly Dictionary<UInt128, byte[]> _waiting = [];
    private IReadOnlyList<SourceMessage> _coming = [];
    private int _next;

    public void Announce(IReadOnlyList<SourceMessage> coming)
    {
        _waiting.Clear();
        (_coming, _next) = (coming, 0);
    }

    /// <exception cref="SourceGoneException">It was deleted meanwhile.</exception>
    /// <exception cref="SourceException">The server does not give it.</exception>
    public void Copy(SourceMessage message, SpooledBody into, CancellationToken cancel)
    {
        if (message.Size > Most) throw new SourceException($"{Tell(message)} has {message.Size} octets; at most {Most} come");
        if (!_waiting.ContainsKey(message.Key)) Ahead(message, cancel);
        if (_waiting.Remove(message.Key, out var octets)) into.Write(octets);
        else Alone(message, into, cancel);
    }

    public string Tell(SourceMessage message) => $"{message.Place} UID {message.Offset} at {place.Address}";

    // What does not come this way is asked for alone, and says why there.
    private void Ahead(SourceMessage message, CancellationToken cancel)
    {
        var some = Following(message);
        if (some.Count < 2) return;
        var keys = some.ToDictionary(one => (uint)one.Offset, one => one.Key);
        _waiting.Clear();
        try
        {
            connection.In(message.Place, validityOf(message.Place), folder =>
            {
                folder.Into = length => length <= MostWaiting ? new MemoryStream((int)length) : throw TooLarge(message, length);
                folder.GetStreams([.. keys.Keys.Order().Select(uid => new UniqueId(uid))], (_, _, uid, stream) =>
                {
                    if (keys.TryGetValue(uid.Id, out var key) && stream is MemoryStream { Length: > 0 } memory)
                        _waiting[key] = memory.ToArray();
                }, cancel);
                return true;
            }, cancel);
        }
        catch (SourceException e) when (e is not SourceLostException)
        {
            _waiting.Clear();
        }
    }

    private List<SourceMessage> Following(SourceMessage message)
    {
        var some = new List<SourceMessage>();
        var at = _next;
        while (at < _coming.Count && _coming[at].Key != message.Key) at++;
        if (at == _coming.Count) return some;
        _next = at;
        long octets = 0;
        for (; at < _coming.Count && some.Count < MostTogether; at++)
        {
            var one = _coming[at];
            if (one.Size is < 0 or > Small || one.Place != message.Place || (octets += one.Size) > MostWaiting) break;
            some.Add(one);
        }
        return some;
    }

    private void Alone(SourceMessage message, SpooledBody into, CancellationToken cancel)
    {
        try
        {
            connection.In(message.Place, validityOf(message.Place), folder =>
            {
                folder.Into = length => length <= Most ? new SpoolWriter(into) : throw TooLarge(message, length);
                using (folder.GetStream(new UniqueId((uint)message.Offset), cancel)) return true;
            }, cancel);
        }
        catch (MessageNotFoundException)
        {
            throw new SourceGoneException(Tell(message));
        }
        catch (SourceLostException e)
        {
            // The server is there, and this message alone ends the connection.
            connection.Ask(client =>
            {
                client.NoOp(cancel);
                return true;
            }, cancel);
            throw new SourceException($"{Tell(message)} does not come: {e.Message}", e);
        }
        catch (SourceException e)
        {
            throw new SourceException($"{Tell(message)} does not come: {e.Message}", e);
        }
    }

    private SourceException TooLarge(SourceMessage message, long length) =>
        new($"{Tell(message)} comes with {length} octets, not {message.Size}");
}
