using System.Text.Encodings.Web;
using System.Text.Json;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Jmap;
using Aviso.Store;
using Aviso.Tests.Unit.Store;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>An account with mail, and the methods about it called as a request would.</summary>
internal sealed class EmailScene : IAsyncDisposable
{
    private static readonly JmapLimits Limits = new();

    private readonly Dictionary<string, IMethod> _methods;
    private readonly Uploads _uploads;
    private readonly SieveScripts _scripts;

    private EmailScene(EmailSetTests.Scene mail)
    {
        Mail = mail;
        Mails = new(mail.Test.Store);
        var clock = mail.Test.Clock;
        _scripts = new(mail.Test.Store, clock);
        _uploads = new(Path.Combine(mail.Test.Folder, "uploads"), new IdSource(clock), clock, UploadLimits.Of(Limits));
        var store = mail.Test.Store;
        var results = new ResultLists(store);
        IMethod[] methods =
        [
            new EmailGet(store, Limits, Mails),
            new EmailParse(new SpooledBlobs(new(store, _uploads, new(_scripts)), store.Spool), Limits),
            new EmailQuery(Limits, Mails, results),
            new EmailQueryChanges(store, Limits, Mails, results),
            new SearchSnippetGet(store, Limits, Mails),
        ];
        _methods = methods.ToDictionary(method => method.Name);
    }

    public EmailSetTests.Scene Mail { get; }

    public AccountMails Mails { get; }

    public static async Task<EmailScene> OpenAsync(bool index = false)
    {
        var test = await TestStore.OpenAsync(with: options => options with { Reader = new MessageReader(), Index = index });
        var (account, inbox) = await test.AccountAsync();
        return new(new(test, account, inbox));
    }

    public async Task<EmailId> DeliverAsync(string message, string mailbox = "INBOX", params string[] keywords) =>
        (await Mail.Test.DeliverAsync(Mail.Account, message.ReplaceLineEndings("\r\n"), mailbox, keywords: keywords)).Email;

    /// <summary>The answer; a failure is thrown.</summary>
    /// <param name="arguments">Without accountId.</param>
    public async Task<JsonElement> CallAsync(string method, string arguments)
    {
        using var json = JsonDocument.Parse(arguments);
        var into = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(into, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            var call = new Call(json.RootElement, writer, new(Mail.Account, "alice@example.test"), Mail.Account, new());
            await _methods[method].RunAsync(call, default);
        }
        return JsonDocument.Parse(into.ToArray()).RootElement.Clone();
    }

    public async Task<string> FailureAsync(string method, string arguments)
    {
        try
        {
            return (await CallAsync(method, arguments)).GetRawText();
        }
        catch (MethodFailure failure)
        {
            return failure.Type;
        }
    }

    public static List<string> Texts(JsonElement list) => [.. list.EnumerateArray().Select(one => one.GetString()!)];

    public ValueTask DisposeAsync()
    {
        _uploads.Dispose();
        _scripts.Dispose();
        return Mail.DisposeAsync();
    }
}
