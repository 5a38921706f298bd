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
internal sealed class IncomingBody : IDisposable
{
    private readonly long _largest;
    private SpooledBody? _body;

    private IncomingBody(long largest, int longestLine) => (_largest, LongestLine) = (largest, longestLine);

    /// <summary>Message octets seen, refused or not.</summary>
    public long Length { get; private set; }

    /// <summary>In octets, line end not counted.</summary>
    public int LongestLine { get; }

    public BodyFault Fault { get; private set; }

    /// <summary>What was thrown, for <see cref="BodyFault.Own"/>.</summary>
    public Exception? Thrown { get; private set; }

    /// <summary>What the client was told about <see cref="Fault"/>; null before.</summary>
    public Reply? Refusal { get; set; }

    /// <summary>True when a sender went on far beyond the limit: reading to the end is no longer worth it.</summary>
    public bool IsEndless => Length > _largest + Math.Max(_largest, 1024 * 1024);

    /// <summary>Asks the receiver for a place; its no is the message's fault like any other.</summary>
    public static IncomingBody Begin(IReceiving receiving, Action evict, long largest, int longestLine)
    {
        var body = new IncomingBody(largest, longestLine);
        try
        {
            body._body = receiving.BeginBody(evict);
        }
        catch (Exception fault)
        {
            body.Fail(fault);
        }
        return body;
    }

    public void Write(ReadOnlySpan<byte> octets)
    {
        Length += octets.Length;
        if (_body is null || octets.IsEmpty) return;
        if (Length > _largest)
        {
            Refuse(BodyFault.TooLarge);
            return;
        }
        try
        {
            _body.Write(octets);
        }
        catch (Exception fault)
        {
            Fail(fault);
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
        var taken = _body ?? throw new InvalidOperationException("this message was refused or taken");
        _body = null;
        taken.Settle();
        return taken;
    }

    private void Fail(Exception fault)
    {
        Thrown = fault;
        Refuse(fault is SpoolFullException ? BodyFault.SpoolFull : BodyFault.Own);
    }

    public void Dispose()
    {
        _body?.Dispose();
        _body = null;
    }
}
