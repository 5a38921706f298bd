using Aviso.Settings;

namespace Aviso.Server;

/// <summary>
/// A part of the running server: opened once, told of new settings while it runs (it drops no connection for them), closed once. What it does
/// belongs to a folder of services; the part only connects it.
/// </summary>
internal interface IPart : IAsyncDisposable
{
    /// <summary>For the log, such as "certificates".</summary>
    string Name { get; }

    /// <summary>What is wrong with these settings that only this part can see. With anything here no part takes them.</summary>
    Task<IReadOnlyList<string>> RefusesAsync(ServerSettings now, CancellationToken cancel) => Task.FromResult<IReadOnlyList<string>>([]);

    /// <summary>What of these settings does not hold and why; none when all of it holds now.</summary>
    Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel) => Task.FromResult<IReadOnlyList<string>>([]);
}

/// <summary>Opens a part; it takes what it needs from <paramref name="site"/> and puts there what others need.</summary>
internal delegate Task<IPart> OpenPart(Site site, ServerSettings settings, CancellationToken cancel);

/// <summary>The settings contradict themselves in a way only the parts can see; the texts name both places.</summary>
internal sealed class ContradictionException(IReadOnlyList<string> texts) : Exception(string.Join('\n', texts))
{
    public IReadOnlyList<string> Texts => texts;
}
