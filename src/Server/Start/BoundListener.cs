using System.Net;
using System.Text.Json;
using Aviso.Net;

namespace Aviso.Server;

/// <summary>A listener of the settings, and where it listens now.</summary>
public sealed record BoundListener(ListenerKind Kind, IPEndPoint Address);

/// <summary>All listeners, in the order of the settings.</summary>
/// <param name="ReadsProxy">Those of them that read PROXY.</param>
internal sealed record BoundListeners(IReadOnlyList<BoundListener> All, IReadOnlyList<(ListenerKind Kind, IPEndPoint Address)> ReadsProxy)
{
    /// <summary>{"smtp": 2525, ...}, the first listener of each kind; written whole or not at all. For whoever started us to read.</summary>
    public void WritePorts(string file)
    {
        var ports = All.GroupBy(b => b.Kind.ToString().ToLowerInvariant())
            .ToDictionary(g => g.Key, g => g.First().Address.Port);
        var fresh = file + ".new";
        File.WriteAllText(fresh, JsonSerializer.Serialize(ports, StartJson.Default.DictionaryStringInt32));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(fresh, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Move(fresh, file, overwrite: true);
    }
}
