using Aviso.Base;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>Counts what an account sends to others. A limit that is reached puts the message off; that nothing can be counted does
/// not.</summary>
internal sealed class LimitSending(ReceiveParts parts) : IReceiveStep
{
    private readonly SendingGate? _gate = SendingGate.Of(parts);

    public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (_gate is null || context.Transaction.Client.Login is not { } login) return null;
        var elsewhere = context.Recipients.SelectMany(r => r.External).DistinctBy(a => a.Wire, AddressComparer.Instance).ToList();
        return await _gate.CountAsync(
            new AccountId(login.Account), login.Address, elsewhere, context.Transaction.Client.Origin.Remote.Address.ToString(), cancel);
    }
}
