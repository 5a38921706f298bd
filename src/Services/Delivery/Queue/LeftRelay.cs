namespace Aviso.Delivery;

/// <summary>The relay that mail went away from: what waits for it from before goes as the routes say now, spilled mail too.</summary>
/// <param name="Before">Unix milliseconds UTC.</param>
public sealed record LeftRelay(string Destination, long Before);
