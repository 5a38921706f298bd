using Xunit;

namespace Aviso.Tests.System.Jmap;

/// <summary>JMAP of the real executable, asked by Python's standard library.</summary>
public sealed class JmapTests : IAsyncLifetime
{
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync(listeners: "smtp imap http");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_whole_session_with_calls_files_and_news()
    {
        var script = await Tool.RunAsync(Tool.Find("python3", "python3"),
            [Path.Combine(AppContext.BaseDirectory, "Jmap", "jmap_session.py"), $"{_server.Port("http")}", $"{_server.Port("smtp")}",
                "alice@example.test", AvisoServer.Password]);
        Assert.Equal("fine", script.MustSucceed().Output.Trim());
    }
}
