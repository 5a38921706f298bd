namespace Aviso.Server;

/// <summary>Which Aviso this is.</summary>
public static class BuildInfo
{
    public static string Version { get; } = typeof(BuildInfo).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
