using Aviso.Net;

namespace Aviso.Accounts;

/// <summary>
/// The one place where passwords are derived: one at a time, and at most <see cref="MaxWaiting"/> wait. More than that is
/// <see cref="LoginOverloadException"/>, a temporary failure; so guessing cannot take more than one core.
/// </summary>
internal sealed class PasswordWorker : IDisposable
{
    public const int MaxWaiting = 128;

    private readonly SemaphoreSlim _one = new(1);
    private int _waiting;

    /// <summary>Derivations done since start: tests count them instead of measuring time.</summary>
    public long Done { get; private set; }

    public async Task<T> RunAsync<T>(Func<T> derive, CancellationToken cancel)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > MaxWaiting) throw new LoginOverloadException();
            await _one.WaitAsync(cancel);
            try
            {
                var result = await Task.Run(derive, CancellationToken.None);
                Done++;
                return result;
            }
            finally
            {
                _one.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    public void Dispose() => _one.Dispose();
}
