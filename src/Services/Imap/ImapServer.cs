using System.Collections.Concurrent;
using System.Net;
using Aviso.Net;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Imap;

/// <summary>
/// IMAP4rev2 (RFC 9051) and IMAP4rev1 (RFC 3501). This folder owns grammar, session state and one handler per command; the
/// mail itself is Store's. Rules here: grammar sees complete commands only; a session's sequence numbers change only
/// where RFC 9051 §5.2 and §7.5.1 let them; nothing is written to a peer while the store holds anything for us; a
/// message is never held whole. One instance serves all listeners.
/// </summary>
public sealed class ImapServer(
    ImapOptions options, IMailStore store, IMessageReader reader, IAuthenticator authenticator, TimeProvider clock, ILogger log)
    : IWireProtocol
{
    private readonly ConcurrentDictionary<(AccountId, IPAddress), int> _sessions = new();

    internal ImapOptions Options => options;

    internal IMailStore Store => store;

    internal IMessageReader Reader => reader;

    internal IAuthenticator Authenticator => authenticator;

    internal TimeProvider Clock => clock;

    internal ILogger Log => log;

    public async Task RunAsync(WireConnection connection)
    {
        ImapMeters.Sessions.Add(1);
        var session = new ImapSession(this, connection);
        try
        {
            await session.RunAsync();
        }
        finally
        {
            session.Dispose();
            ImapMeters.Sessions.Add(-1);
            ImapMeters.OctetsSent.Add(session.Writer.Written);
        }
    }

    /// <summary>Takes a place for a session of this account from this address; false when all are taken.</summary>
    internal bool TryEnter(AccountId account, IPAddress address)
    {
        var count = _sessions.AddOrUpdate((account, address), 1, static (_, n) => n + 1);
        if (count <= options.SessionsPerUserAndAddress) return true;
        Leave(account, address);
        return false;
    }

    internal void Leave(AccountId account, IPAddress address)
    {
        var key = (account, address);
        while (_sessions.TryGetValue(key, out var count))
        {
            if (count <= 1 ? _sessions.TryRemove(new(key, count)) : _sessions.TryUpdate(key, count - 1, count)) return;
        }
    }
}
