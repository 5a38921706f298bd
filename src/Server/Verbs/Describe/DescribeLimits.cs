using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>What one client or one message may use.</summary>
internal sealed class DescribeLimits(Func<ServerSettings> settings, DescribeAsk ask) : IDescribed
{
    public string Title => "Limits";

    public async Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var (waiting, _) = await ask.RowsAsync("settings.waiting", cancel);
        part.Table("limits", SettingsRows.Limits(settings(), waiting.ToDictionary(w => $"{w["key"]}", w => $"{w["holds"]}")));
    }
}
