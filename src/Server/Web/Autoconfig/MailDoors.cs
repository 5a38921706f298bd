using System.Net;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>One listener that mail programs of people come to.</summary>
/// <param name="IsImplicitTls">TLS from the first octet; else STARTTLS.</param>
internal sealed record MailDoor(MailDoorKind Kind, int Port, bool IsImplicitTls);

internal enum MailDoorKind
{
    Imap, Pop3, Submission,
}

/// <summary>Where mail programs are to come: what is listened on, TLS from the first octet first (RFC 8314 §3), and the one name for
/// all.</summary>
internal sealed record MailDoors(string HostName, IReadOnlyList<MailDoor> All)
{
    public static MailDoors Of(string hostName, IEnumerable<(ListenerKind Kind, IPEndPoint Address)> bound)
    {
        var doors = bound.Select(b => (Door: DoorOf(b.Kind, b.Address.Port), IsLocal: IPAddress.IsLoopback(b.Address.Address)))
            .Where(d => d.Door is not null).ToList();
        // What only this machine can reach is told where there is nothing else, as in local mode.
        var reached = doors.Exists(d => !d.IsLocal) ? doors.Where(d => !d.IsLocal) : doors;
        return new(hostName,
            [.. reached.Select(d => d.Door).OfType<MailDoor>().Distinct().OrderBy(d => d.Kind).ThenByDescending(d => d.IsImplicitTls)]);
    }

    public MailDoor? First(MailDoorKind kind) => All.FirstOrDefault(d => d.Kind == kind);

    private static MailDoor? DoorOf(ListenerKind kind, int port) => kind switch
    {
        ListenerKind.Imaps => new(MailDoorKind.Imap, port, true),
        ListenerKind.Imap => new(MailDoorKind.Imap, port, false),
        ListenerKind.Pop3s => new(MailDoorKind.Pop3, port, true),
        ListenerKind.Pop3 => new(MailDoorKind.Pop3, port, false),
        ListenerKind.Submissions => new(MailDoorKind.Submission, port, true),
        ListenerKind.Submission => new(MailDoorKind.Submission, port, false),
        _ => null,
    };
}
