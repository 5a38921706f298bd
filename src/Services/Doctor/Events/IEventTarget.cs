namespace Aviso.Doctor;

/// <summary>Where events go.</summary>
public interface IEventTarget
{
    /// <summary>Unique and the same after a restart; shown to people, so without secrets.</summary>
    string Name { get; }

    /// <summary>For metrics: mail, webhook, ntfy, gotify, alertmanager.</summary>
    string Kind { get; }

    /// <summary>Delivers all of them or none. Null, or why not; never throws but when it is cancelled.</summary>
    Task<string?> SendAsync(IReadOnlyList<DoctorEvent> events, CancellationToken cancel);
}
