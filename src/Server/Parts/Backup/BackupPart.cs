using Aviso.Backup;
using Aviso.Secrets;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Verbs;

namespace Aviso.Server;

/// <summary>Backups of the running server: rounds and drills as the settings say, and what verbs ask.</summary>
internal sealed class BackupPart : IPart
{
    private readonly Site _site;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private string _taken = "";
    private readonly SettingsCopy _settingsCopy = new();
    private readonly WordsCopy _words;

    private BackupPart(Site site) => (_site, _words) = (site, new(site.Clock));

    public string Name => "backup";

    /// <summary>Null: the settings name no targets.</summary>
    public BackupRounds? Rounds { get; private set; }

    public ServerSettings Settings { get; private set; } = new();

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var part = site.Put(new BackupPart(site));
        await part.TakeAsync(settings, cancel);
        return part;
    }

    public async Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        Settings = now;
        var (taken, wanted) = (BackupDesk.Fingerprint(now), BackupMapping.Options(now));
        List<TargetSpec> targets = now.HasBackup ? [.. now.Backup.Targets.Select(BackupMapping.Target)] : [];
        if (taken == _taken) return [];
        await EndAsync();
        (_taken, _stop) = (taken, new());
        if (wanted is not { } options || BackupDesk.KeyOf(now) is not { } key) return [];
        var store = _site.The<SqliteMailStore>();
        Rounds = new(
            new(store, Others, store), [.. targets.Select(t => t.Open(_site.Clock))], key, options, _site.Clock, _site.Log("Backup"));
        _running = Rounds.RunAsync(_stop.Token);
        return [];
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _stop.Dispose();
    }

    private async Task EndAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        if (Rounds is { } rounds) await rounds.DisposeAsync();
        Rounds = null;
    }

    private IReadOnlyList<OtherFile> Others()
    {
        var others = OtherFiles.In(Settings.Data).ToList();
        if (_site.The<SpamPart>().Learned is { } words)
            others.Add(_words.Of(words.Changes, words.CopyTo, Path.Combine(Settings.Data, "backup")));
        if (_settingsCopy.Of(_site.The<SettingsReader>().Path, Settings) is { } copy) others.Add(copy);
        return others;
    }
}
