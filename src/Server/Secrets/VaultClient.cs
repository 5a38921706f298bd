using System.Collections.Concurrent;
using Aviso.Settings;

namespace Aviso.Secrets;

/// <summary>Reads secrets of KV engines, version 1 and 2 (https://developer.hashicorp.com/vault/api-docs/secret/kv).</summary>
internal sealed class VaultClient(VaultOptions options, TimeProvider clock) : IDisposable
{
    private readonly VaultHttp _http = new(options, clock);
    private readonly ConcurrentDictionary<string, KvPlace> _places = [];
    private VaultToken? _token;

    public VaultOptions Options => options;

    public DateTimeOffset? RenewAt => _token?.RenewAt;

    public void Dispose()
    {
        _token?.Dispose();
        _http.Dispose();
    }

    /// <summary>Begins a round of reading; null when it may go on.</summary>
    public Task<VaultProblem?> BeginAsync(CancellationToken cancel) => (_token ??= new(options, _http, clock)).BeginAsync(cancel);

    /// <param name="path">Mount and secret, as `vault kv get` takes it.</param>
    public async Task<VaultAnswer> ReadAsync(string path, CancellationToken cancel)
    {
        var (place, problem) = await PlaceAsync(path, cancel);
        if (problem is not null) return problem;
        var reply = await _token!.SendAsync(place.Api, cancel);
        if (reply.Problem is not null) return reply.Problem;
        if (reply.Status == 403) return await DeniedAsync(path, [place.Api], cancel);
        if (reply.Status == 404)
        {
            // The engine may have been upgraded to version 2 meanwhile.
            _places.TryRemove(path, out _);
            return KvAnswer.Missing(path, place, reply);
        }
        return reply.Ok ? KvAnswer.Read(path, place, reply) : Odd(path, reply);
    }

    private async Task<(KvPlace Place, VaultProblem? Problem)> PlaceAsync(string path, CancellationToken cancel)
    {
        if (options.Kv != KvVersion.Auto) return (Place(path, path[..(path.IndexOf('/') + 1)], options.Kv == KvVersion.Two), null);
        if (_places.TryGetValue(path, out var known)) return (known, null);
        var reply = await _token!.SendAsync("sys/internal/ui/mounts/" + path, cancel);
        if (reply.Problem is not null) return (default, reply.Problem);
        if (reply.Status == 403)
        {
            var mount = path[..(path.IndexOf('/') + 1)];
            return (default, await DeniedAsync(path, [Place(path, mount, true).Api, path], cancel));
        }
        // A Vault before 0.10 has version 1 only and no such question.
        if (reply.Status == 404) return (Place(path, "", false), null);
        if (!reply.Ok) return (default, Odd(path, reply));
        if (reply.Text("data", "type") is var type and not ("kv" or "generic"))
            return (default,
                new(VaultTrouble.Wrong,
                $"{path} is on a secrets engine of type `{KvAnswer.Clean(type)}`; only KV secrets are read, since reading others makes a new secret each time"));
        var at = reply.Text("data", "path");
        if (!path.StartsWith(at, StringComparison.Ordinal)) at = "";
        var place = Place(path, at, reply.Text("data", "options", "version") == "2");
        _places[path] = place;
        return (place, null);
    }

    private static KvPlace Place(string path, string mount, bool two) => new(two ? $"{mount}data/{path[mount.Length..]}" : path, two);

    private async Task<VaultProblem> DeniedAsync(string path, IReadOnlyList<string> apis, CancellationToken cancel)
    {
        if (options.Login is VaultLogin.Token && !await _token!.IsKnownAsync(cancel))
            return new(VaultTrouble.Denied,
                $"Vault at {options.Address} does not know the token (any more): give a new one as `vault.token`");
        var policy = string.Join(" or ", apis.Select(a => $"path \"{a}\" {{ capabilities = [\"read\"] }}"));
        return new(VaultTrouble.Denied, $"Vault refuses {path} to us (logged in by {options.Login}): the policy needs {policy}");
    }

    private static VaultProblem Odd(string path, VaultReply reply) =>
        new(VaultTrouble.Wrong, $"Vault answers {reply.Status} for {path}{(reply.Errors() is { Length: > 0 } why ? $" ({why})" : "")}");
}
