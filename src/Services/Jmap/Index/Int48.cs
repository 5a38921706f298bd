using System.Runtime.InteropServices;

namespace Aviso.Jmap;

/// <summary>A number in six octets: seconds for millions of years, and more changes than an account will see.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
internal readonly record struct Int48
{
    private readonly uint _low;
    private readonly short _high;

    private Int48(long value) => (_low, _high) = ((uint)value, (short)(value >> 32));

    public static implicit operator long(Int48 number) => ((long)number._high << 32) | number._low;

    /// <summary>What does not fit becomes the nearest that does.</summary>
    public static implicit operator Int48(long value) => new(Math.Clamp(value, -(1L << 47), (1L << 47) - 1));
}
