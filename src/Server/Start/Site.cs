using Aviso.Admin;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Settings;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>
/// Where the parts meet: clock, logs, ids, the verbs, and what earlier parts have put here for later ones, found by its type. What a part needs
/// must come before it in <see cref="Parts.InStartOrder"/>.
/// </summary>
internal sealed class Site(ServerSettings started, ILoggerFactory logs, TimeProvider clock)
{
    private readonly Dictionary<Type, object> _services = [];

    /// <summary>The settings that the parts are opened with.</summary>
    public ServerSettings Started => started;

    public TimeProvider Clock => clock;

    public IdSource Ids { get; } = new(clock);

    public MessageReader Reader { get; } = new();

    /// <summary>What verbs may ask of this server.</summary>
    public AdminHandlers Admin { get; } = new();

    /// <param name="room">Such as "Delivery"; the source of its lines.</param>
    public ILogger Log(string room) => logs.CreateLogger("Aviso." + room);

    /// <summary>What it is told becomes a line as it is, whatever the format and level.</summary>
    public ILogger Raw => logs.CreateLogger(LogWriter.AsItIs);

    /// <summary>For later parts, which find it by <typeparamref name="T"/>.</summary>
    public T Put<T>(T service) where T : class
    {
        _services.Add(typeof(T), service);
        return service;
    }

    /// <exception cref="InvalidOperationException">No part before this one gives it: the start order is wrong.</exception>
    public T The<T>() where T : class => _services.TryGetValue(typeof(T), out var service) ? (T)service
        : throw new InvalidOperationException($"no part that has been opened gives a {typeof(T).Name}: see the order in Parts.InStartOrder");
}
