using Aviso.Net;

namespace Aviso.Doctor;

/// <summary>Every listener greets, with TLS where it should and a certificate for our name.</summary>
public sealed class DoorCheck(Func<string> hostName, Func<IReadOnlyList<Door>> doors, IDoorKnocker knocker) : IDoctorCheck
{
    public string Name => "doors";

    public string LooksAt => "the greeting of each listener";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.DoorSilent, FindingCode.DoorTlsFails];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var name = hostName();
        foreach (var (door, answer) in await Task.WhenAll(doors()
            .Select(async d => (Door: d, Answer: await knocker.KnockAsync(d, name, cancel)))))
        {
            var subject = $"{ListenerKinds.Name(door.Kind)} {door.Address}";
            if (answer.TlsProblem is { } problem)
                seen.Add(FindingCode.DoorTlsFails, subject, $"TLS fails on {subject}", problem);
            else if (!answer.Greets) seen.Add(FindingCode.DoorSilent, subject, $"{subject} does not greet", answer.Said);
        }
    }
}
