namespace Aviso.Doctor;

/// <summary>Events by mail.</summary>
public sealed class MailTarget(OwnerLetter letter, EventSource source) : IEventTarget
{
    public string Name => letter.Name;

    public string Kind => "mail";

    public Task<string?> SendAsync(IReadOnlyList<DoctorEvent> events, CancellationToken cancel)
    {
        var (now, host) = (source.Clock.GetUtcNow(), source.HostName());
        return letter.SendAsync($"{events[0].Id}.{now.ToUnixTimeMilliseconds()}.event", EventText.Title(host, events),
            EventText.Body(events) + $"\n\n`aviso doctor` on {host} shows everything that stands; docs/doctor.md explains the codes.\n",
            cancel);
    }
}
