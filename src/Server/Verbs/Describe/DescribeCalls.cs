using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Server;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>What `aviso describe` asks of the running server.</summary>
internal sealed class DescribeCalls(IReadOnlyList<IDescribed> sections, Func<ServerSettings> settings)
{
    public void Add(AdminHandlers admin) => admin.Add("describe", DescribeAsync);

    private async Task<AdminReply> DescribeAsync(AdminCall call, CancellationToken cancel)
    {
        var parts = new JsonArray();
        foreach (var section in sections) parts.Add((JsonNode)await OneAsync(section, cancel));
        return AdminReply.Done(new JsonObject
        {
            ["hostname"] = settings().HostName,
            ["version"] = BuildInfo.Version,
            ["running"] = true,
            ["sections"] = parts,
            ["settings"] = Output.Rows(SettingsRows.Of(settings())),
        });
    }

    // Half a page that says so is more than none.
    private static async Task<JsonObject> OneAsync(IDescribed section, CancellationToken cancel)
    {
        try
        {
            var part = new DescribedPart();
            await section.WriteAsync(part, cancel);
            return part.Json(section.Title);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new DescribedPart().Say($"This could not be looked at: {e.Message}").Json(section.Title);
        }
    }
}
