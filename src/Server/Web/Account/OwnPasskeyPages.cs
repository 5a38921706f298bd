using System.Buffers.Text;
using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>Passkeys of who is signed in: making one, the list, taking one away.</summary>
internal sealed class OwnPasskeyPages(PageRows pages, Passkeys passkeys, AccountBook book)
{
    private const string KeyType = "public-key";

    public IReadOnlyList<WebRow> Rows =>
    [
        pages.Owner("/account/passkeys", ListAsync, RegisterAsync),
        pages.Owner("/account/passkeys/options", post: AskAsync),
        pages.Owner("/account/passkeys/remove", post: RemoveAsync),
    ];

    private async Task ListAsync(PageCall call) => await call.AnswerAsync(
        await passkeys.ListAsync(call.Asks.Account, AddressOf(call), call.Cancel), AccountJson.Default.IReadOnlyListPasskeyInfo);

    private async Task AskAsync(PageCall call)
    {
        if (PasskeyPages.PartyOf(call.Origin) is not { } party)
        {
            await PasskeyPages.NotHereAsync(call);
            return;
        }
        var question = await passkeys.AskNewAsync(call.Asks.Account, call.Cancel);
        var address = AddressOf(call);
        await call.AnswerAsync(new PasskeyCreation(
            new(party.Id, party.Id),
            new(Base64Url.EncodeToString(Passkeys.UserHandle(call.Asks.Account)), address, address),
            Base64Url.EncodeToString(question.Challenge),
            [.. question.Algorithms.Select(a => new PasskeyKeyKind(a, KeyType))],
            PasskeyPages.Patience,
            [.. question.Credentials.Select(c => new PasskeyName(Base64Url.EncodeToString(c), KeyType))],
            // It is to sign in alone: kept by the authenticator with the account's handle, behind finger, face or PIN.
            new("required", RequireResidentKey: true, "required"), "none"), AccountJson.Default.PasskeyCreation);
    }

    private async Task RegisterAsync(PageCall call)
    {
        if (await call.ReadAsync(AccountJson.Default.NewPasskey) is not { Credential.Response: var made } asked) return;
        if (PasskeyPages.PartyOf(call.Origin) is not { } party) await PasskeyPages.NotHereAsync(call);
        else if (PasskeyPages.Octets(made.ClientDataJSON) is not { } client
            || PasskeyPages.Octets(made.AttestationObject) is not { } attestation)
            await call.SayAsync(400, "request", "the answer of the authenticator cannot be read");
        else if (await passkeys.RegisterAsync(party, call.Asks.Account, asked.Name, client, attestation, call.Cancel) is { } problem)
            await call.SayAsync(422, "passkey", problem);
        else await call.DoneAsync();
    }

    private async Task RemoveAsync(PageCall call)
    {
        if (await call.ReadAsync(AccountJson.Default.OneOf) is not { } one) return;
        if (!await passkeys.RemoveAsync(call.Asks.Account, one.Id, call.Cancel))
            await call.SayAsync(404, "unknown", "there is no such passkey");
        else await call.DoneAsync();
    }

    private string AddressOf(PageCall call) => book.Table.AddressOf(call.Asks.Account) ?? "";
}
