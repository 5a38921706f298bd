using Aviso.Net;

namespace Aviso.Web;

/// <summary>Before something about an account changes for good: is it its owner, or somebody at a screen that was left open.</summary>
internal sealed class OwnerCheck(BrowserLogin login)
{
    /// <summary>True when the password (and the second step) was right; else it has been answered.</summary>
    public async Task<bool> AgainAsync(PageCall call, PasswordAgain given)
    {
        try
        {
            if (await login.AgainAsync(call, given.Password, given.SecondStep) is { Session: null } result)
            {
                await SignInPages.RefuseAsync(call, result.Why);
                return false;
            }
            return true;
        }
        catch (LoginOverloadException)
        {
            await SignInPages.BusyAsync(call);
            return false;
        }
    }
}
