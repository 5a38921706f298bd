using System.Net;
using Aviso.Net;

namespace Aviso.Doctor;

/// <summary>Which listeners mail programs are told of by SRV records: those with TLS from the first octet (RFC 8314 §3).</summary>
public static class PlannedDoors
{
    private static readonly (ListenerKind Kind, string Service, int Usual)[] Services =
    [
        (ListenerKind.Imaps, "_imaps", 993), (ListenerKind.Submissions, "_submissions", 465), (ListenerKind.Pop3s, "_pop3s", 995),
        (ListenerKind.Https, "_jmap", 443),
    ];

    /// <param name="bound">What is listened on.</param>
    public static IReadOnlyList<PlannedDoor> Of(IEnumerable<(ListenerKind Kind, IPEndPoint Address)> bound)
    {
        var all = bound.ToList();
        var doors = new List<PlannedDoor>();
        foreach (var (kind, service, usual) in Services)
        {
            // What only this machine can reach is told where there is nothing else, as in local mode.
            var ports = all.Where(b => b.Kind == kind).OrderBy(b => IPAddress.IsLoopback(b.Address.Address))
                .ThenBy(b => b.Address.Port != usual)
                .Select(b => b.Address.Port).ToList();
            if (ports.Count > 0) doors.Add(new(service, ports[0]));
        }
        return doors;
    }
}
