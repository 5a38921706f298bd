namespace Aviso.Backup;

/// <summary>An object on a target.</summary>
/// <param name="Name">With '/', such as points/… and pieces/….</param>
public readonly record struct TargetObject(string Name, long Octets);

/// <summary>
/// Where backups are kept: objects with names. An object is there whole or not at all, and never changes. Thread-safe. Whatever is wrong
/// with the target is a <see cref="TargetException"/>.
/// </summary>
public interface ITarget : IAsyncDisposable
{
    /// <summary>As the settings call it.</summary>
    string Name { get; }

    /// <summary>For people, without secrets.</summary>
    string Where { get; }

    /// <summary>Durable when it returns. One of the same name is replaced.</summary>
    Task PutAsync(string name, ReadOnlyMemory<byte> octets, CancellationToken cancel);

    /// <summary>Null when there is none.</summary>
    Task<byte[]?> GetAsync(string name, CancellationToken cancel);

    /// <summary>All whose names begin so, in no order.</summary>
    IAsyncEnumerable<TargetObject> ListAsync(string prefix, CancellationToken cancel);

    /// <summary>Nothing happens when there is none.</summary>
    Task DeleteAsync(string name, CancellationToken cancel);
}

/// <summary>A target is away, full, read-only or refuses us; the message is for people.</summary>
public sealed class TargetException(string message, Exception? inner = null) : IOException(message, inner);
