using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Aviso.Doctor;

/// <summary>Asks somebody else what time it is.</summary>
public interface ITimeSource
{
    /// <summary>How far their clock is ahead of ours; null when there is no answer.</summary>
    Task<TimeSpan?> AheadAsync(CancellationToken cancel);
}

/// <summary>By SNTP (RFC 4330).</summary>
/// <param name="host">Name or address, with a port where it is not 123; null: nobody is asked.</param>
public sealed class NtpSource(Func<string?> host, TimeProvider clock) : ITimeSource
{
    private const int Port = 123, Octets = 48;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly DateTimeOffset Epoch = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public async Task<TimeSpan?> AheadAsync(CancellationToken cancel)
    {
        if (host() is not { } name) return null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            var to = IPEndPoint.TryParse(name, out var given) ? new(given.Address, given.Port == 0 ? Port : given.Port)
                : new IPEndPoint((await System.Net.Dns.GetHostAddressesAsync(name, patience.Token))[0], Port);
            using var socket = new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(to, patience.Token);
            var packet = new byte[Octets];
            // RFC 4330 §4: LI 0, version 4, mode 3 (client). What we put into the transmit time comes back.
            packet[0] = 0x23;
            var sent = clock.GetUtcNow();
            BinaryPrimitives.WriteUInt64BigEndian(packet.AsSpan(40), Fixed(sent));
            await socket.SendAsync(packet, patience.Token);
            var reply = new byte[512];
            var length = await socket.ReceiveAsync(reply, patience.Token);
            return Read(reply.AsSpan(0, length), packet.AsSpan(40), sent, clock.GetUtcNow());
        }
        catch (Exception e) when (e is SocketException or ArgumentException
            || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    // RFC 4330 §5: the mean of how far they are ahead on the way there and on the way back.
    internal static TimeSpan? Read(ReadOnlySpan<byte> reply, ReadOnlySpan<byte> asked, DateTimeOffset sent, DateTimeOffset came)
    {
        // Mode 4, a stratum from 1 to 15 (0 is "go away"), and an answer to our question.
        if (reply.Length < Octets || (reply[0] & 7) != 4 || reply[1] is 0 or > 15 || !reply.Slice(24, 8).SequenceEqual(asked)) return null;
        var (received, transmitted) = (Time(reply[32..]), Time(reply[40..]));
        return ((received - sent) + (transmitted - came)) / 2;
    }

    private static ulong Fixed(DateTimeOffset at)
    {
        var ticks = (ulong)(at - Epoch).Ticks;
        return ticks / TimeSpan.TicksPerSecond << 32 | (ticks % TimeSpan.TicksPerSecond << 32) / TimeSpan.TicksPerSecond;
    }

    // RFC 4330 §3: a first bit of 0 is the era that begins in 2036.
    private static DateTimeOffset Time(ReadOnlySpan<byte> octets)
    {
        var seconds = BinaryPrimitives.ReadUInt32BigEndian(octets);
        var fraction = BinaryPrimitives.ReadUInt32BigEndian(octets[4..]);
        return Epoch.AddSeconds(seconds + (seconds < 0x8000_0000 ? 1L << 32 : 0)).AddTicks((long)fraction * TimeSpan.TicksPerSecond >> 32);
    }
}

/// <summary>The clock is right, as others tell it, and was not set while the server ran.</summary>
public sealed class ClockCheck(ITimeSource source, TimeProvider clock) : IDoctorCheck
{
    // Second factors bear 30 s (RFC 6238 §5.2); signatures that begin in the future are refused.
    private static readonly TimeSpan Wrong = TimeSpan.FromSeconds(30), Jump = TimeSpan.FromMinutes(1), JumpStands = TimeSpan.FromDays(1);

    private DateTimeOffset _wall = clock.GetUtcNow();
    private long _steady = clock.GetTimestamp();
    private (TimeSpan By, long At)? _jumped;

    public string Name => "clock";

    public string LooksAt => "the clock";

    public TimeSpan Every => CheckTimes.Often;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.ClockWrong, FindingCode.ClockJumped];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var (wall, steady) = (clock.GetUtcNow(), clock.GetTimestamp());
        var by = wall - _wall - clock.GetElapsedTime(_steady, steady);
        if (by.Duration() > Jump) _jumped = (by, steady);
        (_wall, _steady) = (wall, steady);
        if (_jumped is { } jumped && clock.GetElapsedTime(jumped.At) < JumpStands)
            seen.Add(FindingCode.ClockJumped, "clock",
                $"the clock was set {(jumped.By > TimeSpan.Zero ? "forward" : "back")} while the server ran",
                $"by {jumped.By.Duration().TotalSeconds:0} s");
        if (await source.AheadAsync(cancel) is { } ahead && ahead.Duration() > Wrong)
            seen.Add(FindingCode.ClockWrong, "clock",
                $"the clock is {ahead.Duration().TotalSeconds:0} s {(ahead > TimeSpan.Zero ? "behind" : "ahead")}",
                "as told by the time server of `doctor.clock`");
    }
}
