namespace Aviso.Base;

/// <summary>
/// Every class with instruments publishes them when the program starts (a module initializer), and says 0 for label values that are known
/// before anything happens: an alert sees a step only when there was a sample before it.
/// </summary>
public static class Instruments
{
    private static readonly Lock Gate = new();
    private static readonly List<Action> Zeroes = [];

    /// <summary>To be called each time somebody begins to listen.</summary>
    public static void StartAtZero(Action addZero)
    {
        lock (Gate) Zeroes.Add(addZero);
    }

    /// <summary>Somebody listens now.</summary>
    public static void AreHeard()
    {
        lock (Gate)
            foreach (var zero in Zeroes) zero();
    }
}
