using Aviso.Settings;

namespace Aviso.Secrets;

/// <summary>How Vault is reached and who we are there. Equal options need no new connection and no new login.</summary>
/// <param name="Address">Scheme, host and port.</param>
/// <param name="Ca">PEM; null for the system's authorities.</param>
/// <param name="Timeout">Of one request.</param>
internal sealed record VaultOptions(string Address, string? Namespace, string? Ca, VaultLogin Login, KvVersion Kv, TimeSpan Timeout)
{
    /// <summary>Of settings that have passed their checks.</summary>
    public static VaultOptions Of(VaultSection vault) => new(
        vault.Address, vault.Namespace, vault.Ca?.Reveal(), LoginOf(vault), vault.Kv, vault.Timeout);

    private static VaultLogin LoginOf(VaultSection vault) =>
        vault.Token is { } token ? new VaultLogin.Token(token.Reveal().Trim())
        : vault.RoleId is { } role ? new VaultLogin.AppRole(vault.LoginMount ?? "approle", role.Reveal().Trim(), vault.SecretId?.Reveal().Trim())
        : new VaultLogin.Kubernetes(vault.LoginMount ?? "kubernetes", vault.KubernetesRole ?? "", vault.KubernetesToken);

    /// <summary>Records print what they hold; this one does not.</summary>
    public override string ToString() => Address;
}

/// <summary>Who we are for Vault.</summary>
internal abstract record VaultLogin
{
    /// <summary>Given to us; there is no way to get another.</summary>
    public sealed record Token(string Value) : VaultLogin
    {
        public override string ToString() => "token";
    }

    /// <summary>https://developer.hashicorp.com/vault/api-docs/auth/approle</summary>
    /// <param name="SecretId">Null where the role is not bound to one.</param>
    public sealed record AppRole(string Mount, string RoleId, string? SecretId) : VaultLogin
    {
        public override string ToString() => "AppRole";
    }

    /// <summary>https://developer.hashicorp.com/vault/api-docs/auth/kubernetes</summary>
    /// <param name="TokenFile">Read at every login: the cluster replaces it.</param>
    public sealed record Kubernetes(string Mount, string Role, string TokenFile) : VaultLogin
    {
        public override string ToString() => "Kubernetes";
    }
}
