using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Aviso.Store;
using Aviso.Tests.Unit.Smtp;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>A method that is one lambda.</summary>
internal sealed class FakeMethod(string name, Action<Call> run, bool hasAccount = true) : IMethod
{
    public string Name => name;

    public string Capability { get; init; } = FakeJmap.Uri;

    public bool HasAccount => hasAccount;

    public Task RunAsync(Call call, CancellationToken cancel)
    {
        run(call);
        return Task.CompletedTask;
    }
}

/// <summary>The runner with methods of a test, and a user.</summary>
internal sealed class FakeJmap
{
    public const string Uri = "https://example.org/test";

    public static readonly JmapUser Alice = new(new AccountId(7), "alice@example.test");

    public FakeJmap(JmapLimits limits, params IMethod[] methods) => Server = new(
        new MethodTable([CoreFeature.Of(limits), new(Capability, methods)]), limits, Log);

    public FakeJmap(params IMethod[] methods) : this(new JmapLimits(), methods)
    {
    }

    /// <summary>Logins by the name "elsewhere" do not have the capability of the methods.</summary>
    public static Capability Capability { get; } = new(Uri)
    {
        Account = static (writer, user) => writer.WriteString("of"u8, user.Address),
        IsFor = static user => user.Scope.Name != "elsewhere",
    };

    public LogLines Log { get; } = new();

    public JmapServer Server { get; }

    /// <summary>The answers of calls, such as ["Core/echo",{},"0"]; the text is put into the list.</summary>
    public async Task<JsonElement> CallAsync(string calls, JmapUser? user = null)
    {
        var body = $$$$"""{"using":["{{{{Capabilities.Core}}}}","{{{{Uri}}}}"],"methodCalls":[{{{{calls}}}}]}""";
        var (status, root) = await PostAsync(body, user: user);
        Assert.Equal(200, status);
        return root.GetProperty("methodResponses");
    }

    /// <summary>The arguments of the one answer, whatever its name.</summary>
    public async Task<(string Name, JsonElement Arguments)> OneAsync(string method, string arguments, JmapUser? user = null)
    {
        var answers = await CallAsync($"""["{method}",{arguments},"c"]""", user);
        Assert.Equal(1, answers.GetArrayLength());
        Assert.Equal("c", answers[0][2].GetString());
        return (answers[0][0].GetString() ?? "", answers[0][1]);
    }

    public async Task<string> ErrorAsync(string method, string arguments, JmapUser? user = null)
    {
        var (name, answer) = await OneAsync(method, arguments, user);
        Assert.Equal("error", name);
        return answer.GetProperty("type").GetString() ?? "";
    }

    public Task<(int Status, JsonElement Root)> PostAsync(string body, string? type = "application/json", JmapUser? user = null) =>
        PostAsync(Encoding.UTF8.GetBytes(body), type, user);

    public async Task<(int Status, JsonElement Root)> PostAsync(byte[] body, string? type = "application/json", JmapUser? user = null)
    {
        using var reply = await Server.AnswerAsync(user ?? Alice, type, body, CancellationToken.None);
        Assert.Equal(reply.Status == 200 ? JmapReply.Json : JmapReply.ProblemJson, reply.ContentType);
        using var document = JsonDocument.Parse(reply.Body, new() { AllowDuplicateProperties = false, MaxDepth = 10_000 });
        return (reply.Status, document.RootElement.Clone());
    }
}
