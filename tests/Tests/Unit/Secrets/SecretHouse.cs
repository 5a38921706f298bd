using Aviso.Secrets;
using Aviso.Settings;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Aviso.Tests.Unit.Secrets;

/// <summary>A folder with settings, a fake Vault, and what reads the one by the other.</summary>
internal sealed class SecretHouse : IAsyncDisposable
{
    public const string CacheKey = "0123456789abcdef0123456789abcdef-of-the-test";

    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-test-").FullName;

    public SecretHouse(FakeVault? vault = null) => (Vault, Secrets) = (vault ?? new(), new(Clock));

    public FakeVault Vault { get; }

    public TestClock Clock { get; } = new();

    public SecretSource Secrets { get; private set; }

    public Lines Log { get; } = new();

    public string Data => Path.Combine(_folder, "data");

    public string Config => Path.Combine(_folder, "aviso.yaml");

    public string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <param name="vault">Keys of the section beside its address.</param>
    /// <param name="lines">YAML with references.</param>
    public void Settings(string lines, string vault = $"token: literal:{FakeVault.RootToken}")
    {
        Directory.CreateDirectory(Data);
        Write("aviso.yaml", $$"""
            hostname: mail.example.org
            data: data
            listeners: [ { kind: smtp, address: "127.0.0.1:0" } ]
            domains: [ { name: example.org } ]
            accounts: [ { address: alice@example.org, password: "literal:of alice" } ]
            vault: { address: "{{Vault.Address}}", {{vault}} }
            {{lines}}

            """);
    }

    public async Task<SettingsLoad> LoadAsync()
    {
        Secrets.Log = Log;
        return await new SettingsReader(Config, Secrets).LoadAsync(known: false, TestContext.Current.CancellationToken);
    }

    /// <summary>Loads what must be right, and takes it into use as a server does.</summary>
    public async Task<ServerSettings> UseAsync()
    {
        var load = await LoadAsync();
        Assert.Empty(load.Problems);
        Secrets.KeepIn(load.Settings!);
        Secrets.Accept();
        return load.Settings!;
    }

    /// <summary>As after a restart: only what is on disk is left.</summary>
    public void Restart()
    {
        Secrets.Dispose();
        Secrets = new(Clock);
    }

    public async ValueTask DisposeAsync()
    {
        Secrets.Dispose();
        await Vault.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What was logged.</summary>
    internal sealed class Lines : ILogger
    {
        private readonly List<string> _all = [];

        public IReadOnlyList<string> All
        {
            get
            {
                lock (_all) return [.. _all];
            }
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_all) _all.Add($"{logLevel}: {formatter(state, exception)}");
        }
    }
}
