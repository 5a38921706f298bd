using Aviso.Base;
using Aviso.Smtp;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>What MAIL led to, for tests that know which.</summary>
internal static class BegunInTests
{
    extension(Begun begun)
    {
        /// <summary>Throws when the transaction was refused.</summary>
        public IReceiving Receiving => ((Begun.Open)begun).Receiving;

        /// <summary>Null when the transaction is open.</summary>
        public Refusal? No => (begun as Begun.Not)?.Why;
    }
}
