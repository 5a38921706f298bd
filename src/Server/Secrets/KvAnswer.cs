using System.Text.Json;

namespace Aviso.Secrets;

/// <summary>Where a secret is asked for.</summary>
/// <param name="Api">Below /v1/.</param>
/// <param name="IsTwo">The engine is of version 2.</param>
internal readonly record struct KvPlace(string Api, bool IsTwo);

/// <summary>What the KV engines answer (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1 and kv-v2).</summary>
internal static class KvAnswer
{
    /// <summary>Of an answer 200.</summary>
    public static VaultAnswer Read(string path, KvPlace place, VaultReply reply) => place.IsTwo ? Two(path, reply) : One(path, reply);

    /// <summary>Of an answer 404: deleted and destroyed versions have one with their metadata.</summary>
    public static VaultProblem Missing(string path, KvPlace place, VaultReply reply)
    {
        var version = reply.Number("data", "metadata", "version");
        if (reply.Flag("data", "metadata", "destroyed"))
            return new(VaultTrouble.Missing,
                $"version {version} of {path} in Vault was destroyed; write a new one (`vault kv put {path} ...`)");
        if (reply.Text("data", "metadata", "deletion_time") is { Length: > 0 } when)
            return new(VaultTrouble.Missing,
                $"version {version} of {path} in Vault was deleted at {Clean(when)}; `vault kv undelete -versions={version} {path}` brings it back");
        var twice = place.IsTwo && path.Split('/') is [_, "data", _, ..]
            ? $"; leave out `data/`, which is added for KV version 2: vault:{path.Replace("/data/", "/", StringComparison.Ordinal)}" : "";
        return new(VaultTrouble.Missing, $"there is no secret {path} in Vault (asked for {place.Api}){twice}");
    }

    /// <summary>For a message: short, and without what would move a cursor.</summary>
    public static string Clean(string text) => new([.. text.Take(60).Select(c => char.IsControl(c) ? ' ' : c)]);

    private static VaultAnswer One(string path, VaultReply reply)
    {
        if (reply.Text("lease_id").Length > 0)
            return new VaultProblem(
                VaultTrouble.Wrong,
                $"{path} is a dynamic secret (it has a lease); only KV secrets are read, since reading others makes a new secret each time");
        return reply.At("data") is { ValueKind: JsonValueKind.Object } data ? new VaultSecret(data, null) : NoKv(path, "1");
    }

    private static VaultAnswer Two(string path, VaultReply reply) => reply.At("data", "data") is { ValueKind: JsonValueKind.Object } data
        ? new VaultSecret(data, reply.Number("data", "metadata", "version")) : NoKv(path, "2");

    private static VaultProblem NoKv(string path, string version) => new(VaultTrouble.Wrong,
        $"Vault's answer for {path} does not look like KV version {version}; see `vault.kv`");
}
