namespace Aviso.Store.Copying;

/// <summary>
/// Files of bodies that are not wanted any more stay until a copy has been made that began afterwards: the copy before may have rows that
/// point at them. Thread-safe.
/// </summary>
internal sealed class CopyRounds
{
    /// <summary>A target that is away for longer does not fill the disk.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    private readonly Lock _gate = new();
    private List<TaskCompletionSource> _waiting = [], _inRound = [];
    private bool _isOn;
    private long _lastWhole;

    /// <summary>From here on files wait. Until <see cref="End"/>.</summary>
    public void Begin(TimeProvider clock)
    {
        lock (_gate)
        {
            if (!_isOn) _lastWhole = clock.GetTimestamp();
            _isOn = true;
        }
    }

    public void End()
    {
        lock (_gate)
        {
            _isOn = false;
            foreach (var waits in _waiting.Concat(_inRound)) waits.TrySetResult();
            (_waiting, _inRound) = ([], []);
        }
    }

    public void RoundBegins()
    {
        lock (_gate)
        {
            _inRound.AddRange(_waiting);
            _waiting = [];
        }
    }

    /// <param name="isWhole">Every target has all.</param>
    public void RoundEnds(bool isWhole, TimeProvider clock)
    {
        lock (_gate)
        {
            if (isWhole) _lastWhole = clock.GetTimestamp();
            if (isWhole || clock.GetElapsedTime(_lastWhole) > Longest) foreach (var waits in _inRound) waits.TrySetResult();
            else _waiting.AddRange(_inRound);
            _inRound = [];
        }
    }

    /// <summary>Ends when a copy that began after this call is whole, when none has been for long, or when nobody makes any.</summary>
    public Task CopiedAsync(TimeProvider clock, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (!_isOn || clock.GetElapsedTime(_lastWhole) > Longest) return Task.CompletedTask;
            var waits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(waits);
            return waits.Task.WaitAsync(cancel);
        }
    }
}
