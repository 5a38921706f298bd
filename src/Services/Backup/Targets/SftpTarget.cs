using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace Aviso.Backup;

/// <summary>A folder of another machine by SFTP: files are written beside their place and renamed over it. One connection, made again when
/// it
/// is gone.</summary>
internal sealed class SftpTarget(string name, SftpPlace place, string? password, string? identity, string hostKey) : ITarget
{
    private const string Unfinished = ".unfinished";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _one = new(1);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal);
    private SftpClient? _client;

    public string Name => name;

    public string Where => $"sftp://{place.User}@{place.Host}{(place.Port == 22 ? "" : $":{place.Port}")}/{place.Path}";

    public Task PutAsync(string name, ReadOnlyMemory<byte> octets, CancellationToken cancel) => WithAsync("write", client =>
    {
        var path = Full(name);
        MakeFolder(client, path[..path.LastIndexOf('/')]);
        using (var from = new MemoryStream(octets.ToArray(), writable: false)) client.UploadFile(from, path + Unfinished,
            canOverride: true);
        client.RenameFile(path + Unfinished, path, isPosix: true);
        return true;
    }, cancel);

    public Task<byte[]?> GetAsync(string name, CancellationToken cancel) => WithAsync<byte[]?>("read", client =>
    {
        try
        {
            return client.ReadAllBytes(Full(name));
        }
        catch (SftpPathNotFoundException)
        {
            return client.Exists(place.Path) ? null : throw new TargetException($"there is no folder {place.Path} at {place.Host}");
        }
    }, cancel);

    public async IAsyncEnumerable<TargetObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        var found = await WithAsync("list", client =>
        {
            if (!client.Exists(place.Path)) throw new TargetException($"there is no folder {place.Path} at {place.Host}");
            var (files, folder) = (new List<TargetObject>(), prefix[..(prefix.LastIndexOf('/') + 1)].TrimEnd('/'));
            if (client.Exists(Full(folder))) List(client, folder, files, cancel);
            return files;
        }, cancel);
        foreach (var one in found.Where(f => f.Name.StartsWith(prefix, StringComparison.Ordinal))) yield return one;
    }

    public Task DeleteAsync(string name, CancellationToken cancel) => WithAsync("delete", client =>
    {
        try
        {
            client.DeleteFile(Full(name));
        }
        catch (SftpPathNotFoundException)
        {
            // It is gone, as it shall be.
        }
        return true;
    }, cancel);

    public ValueTask DisposeAsync()
    {
        _client?.Dispose();
        _one.Dispose();
        return default;
    }

    private string Full(string name) => name.Length == 0 ? place.Path : $"{place.Path}/{name}";

    private static void List(SftpClient client, string folder, List<TargetObject> files, string root, CancellationToken cancel)
    {
        foreach (var entry in client.ListDirectory($"{root}/{folder}"))
        {
            cancel.ThrowIfCancellationRequested();
            if (entry.Name is "." or ".." || entry.Name.EndsWith(Unfinished, StringComparison.Ordinal)) continue;
            if (entry.IsDirectory) List(client, $"{folder}/{entry.Name}", files, root, cancel);
            else if (entry.IsRegularFile) files.Add(new($"{folder}/{entry.Name}", entry.Length));
        }
    }

    private void List(SftpClient client, string folder, List<TargetObject> files, CancellationToken cancel) =>
        List(client, folder, files, place.Path, cancel);

    // The target's own folder must be there: it is where a disk is mounted, or was.
    private void MakeFolder(SftpClient client, string folder)
    {
        if (folder.Length <= place.Path.Length || _folders.Contains(folder)) return;
        MakeFolder(client, folder[..folder.LastIndexOf('/')]);
        if (!client.Exists(folder)) client.CreateDirectory(folder);
        _folders.Add(folder);
    }

    private async Task<T> WithAsync<T>(string what, Func<SftpClient, T> act, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            // The library blocks.
            return await Task.Run(() => act(Connected()), cancel);
        }
        catch (Exception failed) when (failed is (SshException or SocketException or ObjectDisposedException or InvalidOperationException
            or IOException) and not TargetException)
        {
            Forget();
            throw new TargetException($"cannot {what} at {Where}: {failed.Message}", failed);
        }
        finally
        {
            _one.Release();
        }
    }

    private SftpClient Connected()
    {
        if (_client is { IsConnected: true }) return _client;
        Forget();
        var ways = new List<AuthenticationMethod>();
        if (identity is not null) ways.Add(new PrivateKeyAuthenticationMethod(place.User,
            new PrivateKeyFile(new MemoryStream(Encoding.UTF8.GetBytes(identity.TrimEnd() + "\n")))));
        if (password is not null) ways.Add(new PasswordAuthenticationMethod(place.User, password));
        var client = new SftpClient(new ConnectionInfo(place.Host, place.Port, place.User,
            [.. ways])
        { Timeout = Patience })
        { OperationTimeout = Patience };
        client.HostKeyReceived += (_, key) => key.CanTrust = $"SHA256:{key.FingerPrintSHA256}" == hostKey.TrimEnd('=');
        try
        {
            client.Connect();
        }
        catch
        {
            client.Dispose();
            throw;
        }
        return _client = client;
    }

    private void Forget()
    {
        _client?.Dispose();
        _client = null;
        _folders.Clear();
    }
}
