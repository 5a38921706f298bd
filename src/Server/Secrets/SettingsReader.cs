using Aviso.Settings;

namespace Aviso.Secrets;

/// <summary>Reads a settings file and what it wants of Vault.</summary>
internal sealed class SettingsReader(string path, SecretSource secrets)
{
    private readonly References _references = References.System.With(secrets);
    private VaultWishes _wishes = VaultWishes.None;

    public string Path => path;

    public SecretSource Secrets => secrets;

    /// <param name="known">Vault was asked just now: the values read then are taken.</param>
    public async Task<SettingsLoad> LoadAsync(bool known, CancellationToken cancel)
    {
        if (!known) await LookAsync(cancel);
        return SettingsFile.Load(path, _references);
    }

    /// <summary>Asks Vault for what the file wants now (what it wanted last, while it is broken). True when a value differs from those in
    /// use.</summary>
    public Task<bool> LookAsync(CancellationToken cancel)
    {
        _wishes = SettingsFile.Wishes(path) ?? _wishes;
        return secrets.ReadAsync(_wishes, cancel);
    }

    /// <summary>For verbs: reads, and says with it what came from where.</summary>
    public static async Task<(SettingsLoad Load, SecretSource Secrets)> OnceAsync(string path, CancellationToken cancel)
    {
        var secrets = new SecretSource(TimeProvider.System);
        return (await new SettingsReader(path, secrets).LoadAsync(known: false, cancel), secrets);
    }
}
