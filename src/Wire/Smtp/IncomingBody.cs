using Aviso.Base;

namespace Aviso.Smtp;

/// <summary>Why a message being received cannot be stored; the first reason stands.</summary>
internal enum BodyFault : byte
{
    None, BareLineEnd, Nul, LineTooLong, TooLarge, SpoolFull, Own,
}

/// <summary>
/// A message on its way in: its octets, or the reason it is refused. After a fault the octets held are given back at once and
/// the rest of the message is only counted.
/// </summary>
internal sealed class IncomingBody(SpooledBody body, long largest, int longestLine) : IDisposable
{
    private SpooledBody? _body = body;

    /// <summary>Message octets seen, refused or not.</summary>
    public long Length { get; private set; }

    public int LongestLine { get; } = longestLine;

    public BodyFault Fault { get; private set; }

    /// <summary>What was thrown, for <see cref="BodyFault.Own"/>.</summary>
    public Exception? Thrown { get; private set; }

    /// <summary>True when a sender went on far beyond the limit: reading to the end is no longer worth it.</summary>
    public bool IsEndless => Length > largest + Math.Max(largest, 1024 * 1024);

    public void Write(ReadOnlySpan<byte> octets)
    {
        Length += octets.Length;
        if (_body is null || octets.IsEmpty) return;
        if (Length > largest)
        {
            Refuse(BodyFault.TooLarge);
            return;
        }
        try
        {
            _body.Write(octets);
        }
        catch (SpoolFullException)
        {
            Refuse(BodyFault.SpoolFull);
        }
        catch (Exception fault)
        {
            Thrown = fault;
            Refuse(BodyFault.Own);
        }
    }

    public void Refuse(BodyFault fault)
    {
        if (Fault == BodyFault.None) Fault = fault;
        Dispose();
    }

    /// <summary>Hands the octets over to the caller, who disposes them. Only without fault, once.</summary>
    public SpooledBody Take()
    {
        var body = _body ?? throw new InvalidOperationException("this message was refused or taken");
        _body = null;
        return body;
    }

    public void Dispose()
    {
        _body?.Dispose();
        _body = null;
    }
}
