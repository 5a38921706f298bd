using System.Globalization;
using Aviso.Backup;
using Aviso.Secrets;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Verbs;

namespace Aviso.Server;

/// <summary>Backups of the running server: rounds and drills as the settings say, and what verbs ask.</summary>
internal sealed class BackupPart : IPart
{
    private static readonly TimeSpan WordsEvery = TimeSpan.FromHours(1);

    private readonly Site _site;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private string _taken = "";
    private (long Changes, DateTimeOffset At) _words = (-1, default);

    private BackupPart(Site site) => _site = site;

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
        if (_site.The<SpamPart>().Learned is { } words) others.Add(Words(words));
        if (SettingsCopy.Of(_site.The<SettingsReader>().Path, Settings) is { } copy) others.Add(copy);
        return others;
    }

    /// <summary>What the filter learned; a copy of all of it, so not with every word.</summary>
    private OtherFile Words(RowFile file)
    {
        var now = _site.Clock.GetUtcNow();
        if (file.Changes != _words.Changes && now - _words.At >= WordsEvery) _words = (file.Changes, now);
        return new(SpamMemory.FileName, _words.Changes.ToString(CultureInfo.InvariantCulture), () =>
        {
            var copy = Path.Combine(Directory.CreateDirectory(Path.Combine(Settings.Data, "backup")).FullName, "learned.copy");
            File.Delete(copy);
            file.CopyTo(copy);
            var octets = File.ReadAllBytes(copy);
            File.Delete(copy);
            return octets;
        });
    }
}
