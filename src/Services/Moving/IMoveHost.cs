namespace Aviso.Moving;

/// <summary>What a move needs of the server around it.</summary>
public interface IMoveHost
{
    /// <summary>There are new domains: who signs and who asks the DNS should know.</summary>
    Task TakeDomainsAsync(CancellationToken cancel);

    /// <summary>Why a key cannot be taken; null: it is here.</summary>
    Task<string?> TakeKeyAsync(MoveKey key, CancellationToken cancel);
}
