using Aviso.Backup;

namespace Aviso.Tests.Unit.Backup;

/// <summary>What a target does with the next writes.</summary>
public enum Shakes
{
    Nothing,

    /// <summary>It is away: everything fails, and nothing is stored.</summary>
    Away,

    /// <summary>Points are stored, and the answer is lost.</summary>
    LosesAnswer,

    /// <summary>Pieces are taken, points are not.</summary>
    RefusesPoints,

    /// <summary>It fails with what no target should throw.</summary>
    Throws,
}

/// <summary>A target that fails when it is told to.</summary>
internal sealed class ShakyTarget(ITarget inner) : ITarget
{
    public Shakes Shakes { get; set; }

    public string Name => inner.Name;

    public string Where => inner.Where;

    public async Task PutAsync(string name, ReadOnlyMemory<byte> octets, CancellationToken cancel)
    {
        Answer();
        var isPoint = ObjectName.PointOf(name) is not null;
        if (isPoint && Shakes == Shakes.RefusesPoints) throw new TargetException("it takes no point");
        await inner.PutAsync(name, octets, cancel);
        if (isPoint && Shakes == Shakes.LosesAnswer) throw new TargetException("the answer was lost");
    }

    public Task<byte[]?> GetAsync(string name, CancellationToken cancel)
    {
        Answer();
        return inner.GetAsync(name, cancel);
    }

    public IAsyncEnumerable<TargetObject> ListAsync(string prefix, CancellationToken cancel)
    {
        Answer();
        return inner.ListAsync(prefix, cancel);
    }

    public Task DeleteAsync(string name, CancellationToken cancel)
    {
        Answer();
        return inner.DeleteAsync(name, cancel);
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private void Answer()
    {
        if (Shakes == Shakes.Away) throw new TargetException("it is away");
        if (Shakes == Shakes.Throws) throw new InvalidOperationException("nobody thought of this");
    }
}
