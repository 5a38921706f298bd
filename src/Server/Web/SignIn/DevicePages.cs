using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>Where an account is signed in, ending that, and who tried: /session/devices and /session/history.</summary>
internal sealed class DevicePages(PageRows pages, WebSessions sessions, SignInHistory history)
{
    public IReadOnlyList<WebRow> Rows =>
    [
        pages.SignedIn("/session/devices", ListAsync, EndAsync),
        pages.SignedIn("/session/history", HistoryAsync),
    ];

    private Task ListAsync(PageCall call) =>
        call.AnswerAsync(sessions.List(call.Asks.Account, call.Asks), SignInJson.Default.IReadOnlyListDeviceInfo);

    private async Task EndAsync(PageCall call)
    {
        if (await call.ReadAsync(SignInJson.Default.DeviceEnd) is not { } asked) return;
        var (session, account) = (call.Asks, call.Asks.Account);
        if (asked.End is "all" or "others") await sessions.EndAllAsync(account, asked.End == "others" ? session : null, call.Cancel);
        else if (!await sessions.EndAsync(account, asked.End, call.Cancel))
        {
            await call.SayAsync(404, "unknown", "this device is not signed in");
            return;
        }
        if (session.Over.IsCancellationRequested) SessionCookie.Take(call.Exchange, call.Origin);
        await call.DoneAsync();
    }

    private async Task HistoryAsync(PageCall call) =>
        await call.AnswerAsync(await history.ListAsync(call.Asks.Account, call.Cancel), SignInJson.Default.IReadOnlyListSignInInfo);
}
