using System.Runtime.InteropServices;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>The core capability: its limits, and the method that needs no data.</summary>
internal static class CoreFeature
{
    public static Feature Of(JmapLimits limits, params IReadOnlyList<IMethod> more) =>
        new(new(Capabilities.Core) { Server = (writer, _) => Write(limits, writer) }, [new CoreEcho(), .. more]);

    // RFC 8620 §2
    private static void Write(JmapLimits limits, Utf8JsonWriter writer)
    {
        writer.WriteNumber("maxSizeUpload"u8, limits.MaxSizeUpload);
        writer.WriteNumber("maxConcurrentUpload"u8, limits.MaxConcurrentUpload);
        writer.WriteNumber("maxSizeRequest"u8, limits.MaxSizeRequest);
        writer.WriteNumber("maxConcurrentRequests"u8, limits.MaxConcurrentRequests);
        writer.WriteNumber("maxCallsInRequest"u8, limits.MaxCallsInRequest);
        writer.WriteNumber("maxObjectsInGet"u8, limits.MaxObjectsInGet);
        writer.WriteNumber("maxObjectsInSet"u8, limits.MaxObjectsInSet);
        writer.WriteTexts("collationAlgorithms"u8, Capabilities.Collations);
    }
}

/// <summary>RFC 8620 §4: the same arguments come back.</summary>
internal sealed class CoreEcho : IMethod
{
    public string Name => "Core/echo";

    public string Capability => Capabilities.Core;

    public bool HasAccount => false;

    public Task RunAsync(Call call, CancellationToken cancel)
    {
        call.Answer.WriteRawValue(JsonMarshal.GetRawUtf8Value(call.Arguments), skipInputValidation: true);
        return Task.CompletedTask;
    }
}
