using System.Net.Sockets;
using System.Text;
using Aviso.Base;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;

namespace Aviso.Moving;

/// <summary>A connection to the source that comes back when it is lost. It asks for one thing at a time, reads only (EXAMINE), and waits
/// where the server says that it is too much.</summary>
internal sealed class ImapConnection(ImapPlace place, ImapPatience patience) : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    // Over TLS the plainest; without it, those that do not show the password.
    private static readonly string[] UnderTls = ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1"];
    private static readonly string[] InTheOpen = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"];

    private readonly ServerTail _tail = new();
    private StreamingClient? _client;
    private StreamingFolder? _examined;
    private string? _distrust;

    /// <summary>Connects and logs in, once.</summary>
    /// <exception cref="SourceException">Why not.</exception>
    public void Begin(CancellationToken cancel)
    {
        try
        {
            Ready(cancel);
        }
        catch (Exception e) when (IsLost(e) || e is AuthenticationException)
        {
            throw new SourceException(ImapTrouble.Told(place, e, _distrust, _tail.LastAnswer), e);
        }
    }

    /// <summary>Asks the server; when the connection is lost, or it wants to be left alone for a while, again.</summary>
    /// <exception cref="SourceException">The server says no.</exception>
    /// <exception cref="SourceLostException">It is of no use any more.</exception>
    public T Ask<T>(Func<ImapClient, T> ask, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return ask(Ready(cancel));
            }
            catch (Exception e) when (IsLost(e) || (e is AuthenticationException or ImapCommandException && _tail.AsksForPatience))
            {
                var told = ImapTrouble.Told(place, e, _distrust, _tail.LastAnswer);
                if (e is not ImapCommandException) Drop();
                if (tries >= ImapPatience.MostTries)
                    throw new SourceLostException(
                        $"{told}; {tries} tries in a row went wrong. Run it again later: it goes on where it was", e);
                patience.Wait(tries, cancel);
            }
            catch (AuthenticationException e)
            {
                throw new SourceLostException(ImapTrouble.Told(place, e, _distrust, _tail.LastAnswer), e);
            }
            catch (FolderNotFoundException e)
            {
                throw new SourceException($"{e.FolderName} is no longer at {place.Address}; run it again", e);
            }
            catch (ImapCommandException e)
            {
                throw new SourceException(ImapTrouble.Told(place, e, _distrust, _tail.LastAnswer), e);
            }
            catch (IOException)
            {
                // An answer was broken off: what is left of it must not be taken for the next one.
                Drop();
                throw;
            }
        }
    }

    /// <summary>Asks in a mailbox, which nothing of it changes: not even \Recent (RFC 9051 §6.3.3).</summary>
    /// <param name="uidValidity">As it was when the mailboxes were listed.</param>
    public T In<T>(string mailbox, uint uidValidity, Func<StreamingFolder, T> ask, CancellationToken cancel) => Ask(client =>
    {
        if (_examined is not { IsOpen: true } || _examined.FullName != mailbox) Examine(client, mailbox, cancel);
        if (_examined!.UidValidity != uidValidity)
            throw new SourceException($"the UIDVALIDITY of {mailbox} at {place.Address} changed from {uidValidity} to "
                + $"{_examined.UidValidity} while it was read; run it again");
        return ask(_examined);
    }, cancel);

    /// <summary>The server counts changes (RFC 7162 §3.1), and a mailbox can be opened afresh, so that what it counts is known before the
    /// mailbox is listed.</summary>
    public bool TellsChanges =>
        _client is { } client && client.Capabilities.HasFlag(ImapCapabilities.CondStore | ImapCapabilities.Unselect);

    /// <summary>As <see cref="In"/>, in the mailbox as it is now.</summary>
    public T Fresh<T>(string mailbox, uint uidValidity, Func<StreamingFolder, T> ask, CancellationToken cancel)
    {
        Ask(client =>
        {
            if (_examined is { IsOpen: true } && client.Capabilities.HasFlag(ImapCapabilities.Unselect))
                _examined.Close(expunge: false, cancel);
            else client.NoOp(cancel);
            return true;
        }, cancel);
        return In(mailbox, uidValidity, ask, cancel);
    }

    public void Dispose()
    {
        if (_client is { IsConnected: true } client)
        {
            try
            {
                client.Timeout = 5000;
                client.Disconnect(quit: true);
            }
            catch (Exception e) when (IsLost(e) || e is ImapCommandException)
            {
                // It is gone all the same.
            }
        }
        Drop();
        _tail.Dispose();
    }

    private void Examine(ImapClient client, string mailbox, CancellationToken cancel)
    {
        _examined = null;
        var folder = (StreamingFolder)client.GetFolder(mailbox, cancel);
        folder.Open(FolderAccess.ReadOnly, cancel);
        _examined = folder;
    }

    private StreamingClient Ready(CancellationToken cancel)
    {
        if (_client is { IsConnected: true, IsAuthenticated: true } ready) return ready;
        Drop();
        var client = _client = new(_tail)
        {
            Timeout = (int)Longest.TotalMilliseconds,
            CheckCertificateRevocation = false,
            ServerCertificateValidationCallback = (_, certificate, chain, errors) =>
                (_distrust = ImapTrust.WhyNot(place, certificate, chain, errors)) is null,
        };
        _distrust = null;
        client.Connect(place.Host, place.Port, place.Tls switch
        {
            ImapTls.Implicit => SecureSocketOptions.SslOnConnect,
            ImapTls.StartTls => SecureSocketOptions.StartTls,
            _ => SecureSocketOptions.None,
        }, cancel);
        Login(client, cancel);
        return client;
    }

    private void Login(StreamingClient client, CancellationToken cancel)
    {
        if (place.IsToken)
        {
            SaslMechanism token = client.AuthenticationMechanisms.Contains("OAUTHBEARER")
                ? new SaslMechanismOAuthBearer(place.User, place.Secret)
                : client.AuthenticationMechanisms.Contains("XOAUTH2") ? new SaslMechanismOAuth2(place.User, place.Secret)
                : throw new SourceLostException($"{place.Address} takes no token: it offers neither OAUTHBEARER nor XOAUTH2");
            client.Authenticate(token, cancel);
            return;
        }
        // One try with one mechanism: a wrong password must not look like an attack.
        var name = (client.IsSecure ? UnderTls : InTheOpen).FirstOrDefault(client.AuthenticationMechanisms.Contains);
        SaslMechanism? mechanism = name switch
        {
            "PLAIN" => new SaslMechanismPlain(Encoding.UTF8, place.User, place.Secret),
            "LOGIN" => new SaslMechanismLogin(Encoding.UTF8, place.User, place.Secret),
            "SCRAM-SHA-256" => new SaslMechanismScramSha256(place.User, place.Secret),
            "SCRAM-SHA-1" => new SaslMechanismScramSha1(place.User, place.Secret),
            "CRAM-MD5" => new SaslMechanismCramMd5(place.User, place.Secret),
            _ => null,
        };
        if (mechanism is not null)
        {
            client.Authenticate(mechanism, cancel);
            return;
        }
        client.AuthenticationMechanisms.Clear();
        client.Authenticate(Encoding.UTF8, place.User, place.Secret, cancel);
    }

    private void Drop()
    {
        _examined = null;
        _client?.Dispose();
        _client = null;
    }

    private static bool IsLost(Exception e) => e is ProtocolException or SocketException or SslHandshakeException
        or ServiceNotConnectedException or ServiceNotAuthenticatedException or FolderNotOpenException or TimeoutException
        or NotSupportedException or ObjectDisposedException
        || (e is IOException and not (SourceException or SourceGoneException or SpoolFullException));
}
