using System.Collections.Concurrent;
using System.Net;
using Aviso.Accounts;
using Aviso.Net;
using Aviso.Sieve;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.ManageSieve;

/// <summary>
/// ManageSieve (RFC 5804). This folder owns its grammar, session state and commands; the scripts are kept by
/// <see cref="SieveScripts"/> and judged by the Sieve compiler. Rules here: grammar sees complete commands only; a script that does not
/// compile is not stored; nothing is taken from octets that came before TLS. One instance serves all listeners.
/// </summary>
public sealed class ManageSieveServer(
    ManageSieveOptions options, SieveOptions sieve, SieveScripts scripts, IAuthenticator authenticator, TimeProvider clock, ILogger log)
    : IWireProtocol
{
    private readonly ConcurrentDictionary<(AccountId, IPAddress), int> _sessions = new();

    internal ManageSieveOptions Options => options;

    /// <summary>What a script may use: the same as at delivery.</summary>
    internal SieveOptions Sieve => sieve;

    internal SieveScripts Scripts => scripts;

    internal IAuthenticator Authenticator => authenticator;

    internal TimeProvider Clock => clock;

    internal ILogger Log => log;

    public async Task RunAsync(WireConnection connection)
    {
        ManageSieveMeters.Sessions.Add(1);
        using var session = new ManageSieveSession(this, connection);
        try
        {
            await session.RunAsync();
        }
        finally
        {
            ManageSieveMeters.Sessions.Add(-1);
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
