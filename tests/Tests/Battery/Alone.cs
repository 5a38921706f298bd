using Xunit;

namespace Aviso.Tests.Battery;

/// <summary>Tests that look at the heap of the whole process: nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
