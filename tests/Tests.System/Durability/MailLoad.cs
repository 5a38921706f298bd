using System.Net.Sockets;
using Aviso.Tests.System.Clients;

namespace Aviso.Tests.System.Durability;

/// <summary>
/// People at work until the server is gone: senders over SMTP, readers over IMAP who flag and move what came. Everything the
/// server acknowledges goes into the ledger.
/// </summary>
public sealed class MailLoad(AvisoServer server, Ledger ledger, int seed)
{
    private static readonly string[] Users = ["alice@example.test", "bob@example.test"];

    private volatile bool _stop;

    /// <summary>Runs until <see cref="Stop"/> or the server dies under it.</summary>
    public Task RunAsync(int senders, int readers) => Task.WhenAll(
        Enumerable.Range(0, senders).Select(number => Task.Factory.StartNew(() => Send(number), TaskCreationOptions.LongRunning))
            .Concat(Enumerable.Range(0, readers).Select(
                number => Task.Factory.StartNew(() => Read(number), TaskCreationOptions.LongRunning))));

    public void Stop() => _stop = true;

    private void Send(int number)
    {
        var chance = new Random(HashCode.Combine(seed, number));
        try
        {
            using var smtp = new SmtpLineClient(server.Port("smtp"));
            for (var i = 0; !_stop; i++)
            {
                var id = $"m.{seed}.{number}.{i}";
                var users = chance.Next(3) switch { 0 => Users[..1], 1 => Users[1..], _ => Users };
                // Now and then one that does not fit into a segment record, so that both ways to store are hit.
                var size = chance.Next(40) == 0 ? 72 * 16_667 : 72 * chance.Next(1, 84);
                var message = $"From: s@sender.test\r\nTo: all\r\nSubject: {id}\r\nMessage-ID: <{id}@ledger>\r\n\r\n{Text(size)}";
                ledger.Tried(users, id);
                smtp.Deliver("s@sender.test", users, message);
                ledger.Accepted(users, id);
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The server was killed: what was not acknowledged is not promised.
        }
    }

    private void Read(int number)
    {
        var chance = new Random(HashCode.Combine(seed, number, "reader"));
        var user = Users[number % Users.Length];
        try
        {
            using var imap = new ImapLineClient(server.Port("imap"), user, AvisoServer.Password);
            while (!_stop)
            {
                imap.Ok("SELECT INBOX");
                foreach (var line in imap.Ok("UID SEARCH UNFLAGGED").Where(line => line.StartsWith("* SEARCH ", StringComparison.Ordinal)))
                {
                    var uids = line[9..].Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    foreach (var uid in uids.OrderBy(_ => chance.Next()).Take(5)) Touch(imap, user, uid, chance);
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // As above.
        }
    }

    private void Touch(ImapLineClient imap, string user, string uid, Random chance)
    {
        var header = string.Concat(imap.Ok($"UID FETCH {uid} BODY.PEEK[HEADER.FIELDS (Message-ID)]"));
        var start = header.IndexOf('<', StringComparison.Ordinal);
        var end = header.IndexOf("@ledger>", StringComparison.Ordinal);
        imap.Ok($"UID STORE {uid} +FLAGS.SILENT (\\Flagged)");
        if (start >= 0 && end > start) ledger.Flagged(user, header[(start + 1)..end]);
        if (chance.Next(4) == 0) imap.Ok($"UID MOVE {uid} Archive");
    }

    private static string Text(int octets) => string.Create(octets, 0, static (text, _) =>
    {
        for (var i = 0; i < text.Length; i++) text[i] = (i % 72) switch { 70 => '\r', 71 => '\n', _ => (char)('a' + (i % 23)) };
    });
}
