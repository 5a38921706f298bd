using System.Globalization;
using System.Text.Json.Serialization;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>When the letter goes and to whom.</summary>
/// <param name="Hour">By the server's local time.</param>
public sealed record DigestPlan(DayOfWeek Day, int Hour, OwnerLetter Letter);

/// <summary>The letter that was due last, as kept.</summary>
/// <param name="Due">The day, yyyy-MM-dd.</param>
/// <param name="IsUnderWay">It was being handed over; when this stands after a start nobody knows whether it was.</param>
internal sealed record DigestMemory(string Due, bool IsUnderWay);

[JsonSerializable(typeof(DigestMemory))]
internal sealed partial class DigestJson : JsonSerializerContext;

/// <summary>
/// One letter a week. It is written down before it is handed over that it is due, so that a restart sends nothing twice; when the server
/// was down at that time it goes at the next start. A server that has just been set up has no week behind it: its first letter is that of
/// the next day that is due.
/// </summary>
public sealed class DigestDesk(
    IDocumentRows rows, Func<DateOnly, CancellationToken, Task<DigestFacts>> look, TimeProvider clock, ILogger log)
{
    private const string Kind = "digest", Name = "last", Form = "yyyy-MM-dd";
    private static readonly TimeSpan Beat = TimeSpan.FromMinutes(1), FirstPause = TimeSpan.FromMinutes(1),
        LongestPause = TimeSpan.FromHours(6);

    private TimeSpan _pause = FirstPause;
    private DateTimeOffset _notBefore;

    /// <summary>Null: nobody wants one.</summary>
    public DigestPlan? Plan { get; set; }

    /// <summary>Looks every minute until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await StepAsync(stop);
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                log.DigestFailed(e);
            }
            await Task.Delay(Beat, clock, stop);
        }
    }

    /// <summary>Sends what is due.</summary>
    public async Task StepAsync(CancellationToken cancel)
    {
        if (Plan is not { } plan || clock.GetUtcNow() < _notBefore) return;
        var due = LastDue(plan.Day, plan.Hour, clock.GetLocalNow().DateTime);
        var memory = (await rows.GetDocumentAsync(default, Kind, Name, cancel))?.Read(DigestJson.Default.DigestMemory);
        if (memory is null || !DateTime.TryParseExact(memory.Due, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var last))
        {
            await KeepAsync(due, false, cancel);
            return;
        }
        if (memory.IsUnderWay)
        {
            log.DigestUnsure(last);
            await KeepAsync(last, false, cancel);
        }
        // Another day in the settings does not make two letters of one week.
        if ((due.Date - last).TotalDays >= 7) await SendAsync(plan, due, last, cancel);
    }

    private async Task SendAsync(DigestPlan plan, DateTime due, DateTime last, CancellationToken cancel)
    {
        var text = new DigestText(await look(DateOnly.FromDateTime(due).AddDays(-7), cancel));
        var (subject, body) = (text.Subject, text.Write());
        await KeepAsync(due, true, cancel);
        if (await TryAsync(plan, due, subject, body, cancel) is { } problem)
        {
            await KeepAsync(last, false, cancel);
            _notBefore = clock.GetUtcNow() + _pause;
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            log.DigestPutOff(due, problem, _notBefore);
            return;
        }
        await KeepAsync(due, false, cancel);
        (_pause, _notBefore) = (FirstPause, default);
        log.DigestSent(due, plan.Letter.Name);
    }

    private static async Task<string?> TryAsync(DigestPlan plan, DateTime due, string subject, string body, CancellationToken cancel)
    {
        try
        {
            return await plan.Letter.SendAsync($"{due.ToString(Form, CultureInfo.InvariantCulture)}.digest", subject, body, cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            return $"{e.GetType().Name}: {e.Message}";
        }
    }

    private Task KeepAsync(DateTime due, bool isUnderWay, CancellationToken cancel) => rows.ChangeDocumentsAsync([Documents.Of(
        new(default, Kind, Name), new DigestMemory(due.ToString(Form, CultureInfo.InvariantCulture), isUnderWay),
        DigestJson.Default.DigestMemory, clock.GetUtcNow().ToUnixTimeSeconds())], [], cancel);

    /// <summary>The last moment of this day and hour that is over.</summary>
    internal static DateTime LastDue(DayOfWeek day, int hour, DateTime local)
    {
        var due = local.Date.AddDays(-(((int)local.DayOfWeek - (int)day + 7) % 7)).AddHours(hour);
        return due <= local ? due : due.AddDays(-7);
    }
}
