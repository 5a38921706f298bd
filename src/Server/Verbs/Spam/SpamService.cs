using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Base;
using Aviso.Secrets;
using Aviso.Server;
using Aviso.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Verbs;

/// <summary>Who answers: the running server, or the filter in this process.</summary>
internal sealed class SpamService : IAsyncDisposable
{
    private readonly string? _data;
    private readonly SpamPart? _parts;
    private readonly SpamCalls? _calls;

    private SpamService(string data) => _data = data;

    private SpamService(SpamPart parts, SpamCalls calls) => (_parts, _calls) = (parts, calls);

    /// <summary>Why the last question had no answer.</summary>
    public string? Error { get; private set; }

    /// <param name="make">Make DATA/spam.db where there is none: something will be learned.</param>
    public static async Task<SpamService> OpenAsync(ParseResult parsed, bool make, CancellationToken cancel)
    {
        var path = CommandTree.ConfigPath(parsed);
        // Without any settings a message can still be judged.
        var load = File.Exists(path) || parsed.GetValue(CommandTree.Config) is not null ? SettingsFile.Load(path) : null;
        if (load?.Data is { } data && await AdminClient.TryCallAsync(data, new(SpamCalls.Stat, []), cancel) is { Ok: true }) return new(data);
        if (load is { Settings: null, AsksVault: true })
        {
            (load, var secrets) = await SettingsReader.OnceAsync(path, cancel);
            secrets.Dispose();
        }
        if (load is { Settings: null }) throw new IOException($"{load.Problems[0]}");
        if (make && load?.Settings is null) throw new IOException($"there are no settings ({path}), so no data folder to learn in: name them with --config");
        var settings = load?.Settings ?? new ServerSettings();
        if (make && !Directory.Exists(settings.Data)) throw new IOException($"there is no data folder {settings.Data}");
        if (make) DataFolder.MakeForOurselves();
        if (make && !File.Exists(Path.Combine(settings.Data, SpamMemory.FileName)))
            Store.RowFile.Open(Path.Combine(settings.Data, SpamMemory.FileName), TimeProvider.System, NullLogger.Instance).Dispose();
        var parts = SpamPart.Alone(settings, TimeProvider.System, NullLogger.Instance);
        var spool = new BodySpool(Path.GetTempPath(), 1L << 30);
        return new(parts, new(parts, spool, _ => null));
    }

    public static AdminCall Call(string verb, byte[]? octets, string? path, string? account, string? what)
    {
        var args = new JsonObject();
        if (octets is { Length: <= SpamCalls.MostInRequest }) args["message"] = Convert.ToBase64String(octets);
        else if (path is not null) args["path"] = Path.GetFullPath(path);
        // What is learned of a large message is its beginning.
        else args["message"] = Convert.ToBase64String(octets!.AsSpan(0, SpamCalls.MostInRequest));
        if (account is not null) args["account"] = account;
        if (what is not null) args["as"] = what;
        return new(verb, args);
    }

    public async Task<AdminReply> CallAsync(AdminCall call, CancellationToken cancel) => _calls is not null
        ? await _calls.CallAsync(call, cancel)
        : await AdminClient.TryCallAsync(_data!, call, cancel) ?? throw new IOException("the server has stopped meanwhile");

    /// <summary>The answer about one file; null with <see cref="Error"/>.</summary>
    public async Task<JsonObject?> AskAsync(string verb, string file, string? account, JsonObject origin, CancellationToken cancel)
    {
        var octets = MailFiles.Octets(file);
        var call = Call(verb, octets, file == "-" ? null : file, account, null);
        foreach (var (key, value) in origin) call.Args[key] = value?.DeepClone();
        var reply = await CallAsync(call, cancel);
        Error = reply.Error;
        return reply.Result as JsonObject;
    }

    /// <summary>Ends when everything learned counts.</summary>
    public async Task SettleAsync(CancellationToken cancel)
    {
        if (_calls is not null) await _calls.SettleAsync();
        else await CallAsync(new(SpamCalls.Settle, []), cancel);
    }

    public ValueTask DisposeAsync() => _parts?.DisposeAsync() ?? default;
}
