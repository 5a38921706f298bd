namespace Aviso.Guard;

/// <summary>How to reach a CrowdSec engine: its local API (LAPI).</summary>
/// <param name="Url">Without a path, such as http://127.0.0.1:8080/.</param>
/// <param name="Key">Of a bouncer that is ours alone: the engine keeps the place in its stream by key.</param>
public sealed record EngineOptions(Uri Url, string Key)
{
    /// <summary>How often the stream is asked.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The login with which alerts are sent; null: none are.</summary>
    public string? Machine { get; init; }

    public string? Password { get; init; }

    /// <summary>PEM of the authority of an https URL; null: those of the system.</summary>
    public string? Authority { get; init; }

    /// <summary>Said as User-Agent; the engine lists it.</summary>
    public string Version { get; init; } = "0";
}
