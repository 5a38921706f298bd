using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Net;
using Aviso.Sieve;
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
    internal SessionPlaces Places { get; } = new(options.SessionsPerUserAndAddress);

    internal LineLimits Limits { get; } = new()
    {
        LoginTime = options.LoginTime,
        FailedLogins = options.FailedLogins,
        BadCommands = options.BadCommandsBeforeLogin,
        BadCommandsInARow = options.BadCommandsInARow,
    };

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

    /// <summary>RFC 5804 §1.3: TRYLATER.</summary>
    public ReadOnlyMemory<byte> DoorLine(Reason reason) =>
        Encoding.ASCII.GetBytes($"BYE (TRYLATER) \"{LineSession.DoorText(reason)}\"\r\n");
}
