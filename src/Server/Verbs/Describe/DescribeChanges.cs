using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Server;
using Aviso.Settings;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>What changed last, as far as the server knows it itself.</summary>
internal sealed class DescribeChanges(
    Reload reload, FindingBook book, Func<SwitchedRelay?> switched, DescribeAsk ask) : IDescribed
{
    private const int MostRows = 20;

    public string Title => "Changes";

    public async Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        part.Say(reload.Applied is { } applied
            ? $"The settings were last read again at {Time(applied.At)} ({applied.Reason})."
            : "The settings are those of the start.");
        if (reload.Refused is { } refused)
            part.Say($"What was read at {Time(refused.At)} was not taken, the settings before it stay: {refused.Problem}.");
        var without = ServerSettings.Table.Keys.Where(k => k.Later is not null && reload.Settings.Has(k.Name)).Select(k => k.Name).ToList();
        if (without.Count > 0) part.Say($"Set, and without effect in this version: {string.Join(", ", without)}.");
        if (switched() is { } change)
            part.Say($"A relay was switched at {Time(DateTimeOffset.FromUnixTimeSeconds(change.At))}: from {change.From} to {change.To}, "
                + $"state {change.State}{(change.Why.Length > 0 ? $" ({change.Why})" : "")}.");
        var (waiting, _) = await ask.RowsAsync("settings.waiting", cancel);
        if (waiting.Count > 0) part.Say("These settings hold after a restart only.");
        part.Table("settings that wait", waiting);
        var cleared = await book.ClearedAsync(cancel);
        if (cleared.Count > 0) part.Say("These findings cleared in the last days.");
        part.Table("cleared findings", cleared.Take(MostRows).Select(c => Row(("code", c.Standing.Finding.Code.Word),
            ("subject", c.Standing.Finding.Subject), ("stood since", Time(c.Standing.Since)),
            ("cleared", Time(c.At)))));
    }
}
