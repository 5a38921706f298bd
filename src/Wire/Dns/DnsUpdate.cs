using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Dns;

/// <summary>What a name server said to a change.</summary>
/// <param name="Rcode">RFC 2136 §2.2; -1 when no believable reply came.</param>
/// <param name="Problem">What went wrong and what to do about it; empty when all is well.</param>
public sealed record DnsUpdateResult(int Rcode, string Problem)
{
    public bool Ok => Problem.Length == 0;
}

/// <summary>Changes records of a zone on its primary server (RFC 2136), signed with TSIG. All of one call happens or nothing
/// does.</summary>
public static class DnsUpdate
{
    private const ushort ClassIn = 1, ClassNone = 254, ClassAny = 255;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Adds values beside those that are there, and deletes exactly the values named.</summary>
    /// <param name="server">The zone's primary.</param>
    /// <param name="zone">The apex, such as "example.org".</param>
    /// <param name="adds">Values to add; one that is there already stays.</param>
    /// <param name="deletes">Values to delete; one that is not there is no error. TTL does not count.</param>
    /// <exception cref="ArgumentException">A record can't be written.</exception>
    public static Task<DnsUpdateResult> SendAsync(IPEndPoint server, string zone, IReadOnlyList<DnsRecord> adds,
        IReadOnlyList<DnsRecord> deletes, TsigKey? key, CancellationToken cancel, TimeProvider? clock = null) =>
        SendAsync(server, zone, adds, deletes, [], key, cancel, clock);

    /// <param name="sets">All values of these names and types go first, so that <paramref name="adds"/> of the same name and type replace
    /// them.</param>
    /// <inheritdoc cref="SendAsync(IPEndPoint, string, IReadOnlyList{DnsRecord}, IReadOnlyList{DnsRecord}, TsigKey?, CancellationToken, TimeProvider?)"/>
    public static async Task<DnsUpdateResult> SendAsync(IPEndPoint server, string zone, IReadOnlyList<DnsRecord> adds,
        IReadOnlyList<DnsRecord> deletes, IReadOnlyList<(string Name, DnsType Type)> sets, TsigKey? key, CancellationToken cancel,
            TimeProvider? clock = null)
    {
        clock ??= TimeProvider.System;
        var id = (ushort)RandomNumberGenerator.GetInt32(65536);
        var request = Message(id, zone, adds, deletes, sets);
        var mac = key is null ? [] : TsigSignature.Sign(request, key, clock.GetUtcNow());
        using var deadline = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            return Judge(await ExchangeAsync(server, request, either.Token), id, server, zone, key, mac, clock.GetUtcNow());
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new(-1,
                $"the name server {server} did not answer within {Patience.TotalSeconds:0} s; updates go over TCP, is that open?");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return new(-1, $"the name server {server} cannot be reached: {e.Message}");
        }
    }

    /// <summary>A TXT record whose text is cut into strings of at most 255 octets.</summary>
    public static TxtRecord Txt(string name, uint ttl, string text) =>
        new(name, ttl, [.. Encoding.UTF8.GetBytes(text).Chunk(255).DefaultIfEmpty([])]);

    // RFC 2136 §2.2 to §2.5: header, the zone, no prerequisites, the changes.
    internal static List<byte> Message(ushort id, string zone, IReadOnlyList<DnsRecord> adds, IReadOnlyList<DnsRecord> deletes,
        IReadOnlyList<(string Name, DnsType Type)> sets)
    {
        var message = new List<byte>(512);
        DnsWriter.UInt16(message, id);
        DnsWriter.UInt16(message, 5 << 11);
        DnsWriter.UInt16(message, 1);
        DnsWriter.UInt16(message, 0);
        DnsWriter.UInt16(message, (ushort)(adds.Count + deletes.Count + sets.Count));
        DnsWriter.UInt16(message, 0);
        DnsWriter.Name(message, zone);
        DnsWriter.UInt16(message, (ushort)DnsType.Soa);
        DnsWriter.UInt16(message, ClassIn);
        foreach (var (name, type) in sets) Change(message, name, type, ClassAny, 0, null);
        foreach (var record in deletes) Change(message, record.Name, record.Type, ClassNone, 0, record);
        foreach (var record in adds) Change(message, record.Name, record.Type, ClassIn, record.Ttl, record);
        return message;
    }

    private static void Change(List<byte> message, string name, DnsType type, ushort cls, uint ttl, DnsRecord? value)
    {
        DnsWriter.Name(message, name);
        DnsWriter.UInt16(message, (ushort)type);
        DnsWriter.UInt16(message, cls);
        DnsWriter.UInt32(message, ttl);
        DnsWriter.Counted(message, data =>
        {
            if (value is not null) DnsWriter.Data(data, value);
        });
    }

    // RFC 2136 §6.2: TCP, so that an update is neither too long nor lost without a word.
    private static async Task<byte[]> ExchangeAsync(IPEndPoint server, List<byte> request, CancellationToken cancel)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancel);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync((byte[])[(byte)(request.Count >> 8), (byte)request.Count, .. request], cancel);
        var head = new byte[2];
        await stream.ReadExactlyAsync(head, cancel);
        var reply = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        await stream.ReadExactlyAsync(reply, cancel);
        return reply;
    }

    private static DnsUpdateResult Judge(
        byte[] reply, ushort id, IPEndPoint server, string zone, TsigKey? key, byte[] mac, DateTimeOffset now)
    {
        if (!DnsMessage.TryRead(reply, out var message) || !message.IsResponse || message.Id != id)
            return new(-1, $"the name server {server} sent no proper reply");
        var error = 0;
        var check = key is null ? TsigCheck.Good : TsigSignature.Check(reply, key, mac, now, out error);
        if (check == TsigCheck.Wrong) return new(
            -1, $"the reply of {server} is not signed with the key {key!.Name}: somebody is in between, or the secrets differ");
        // RFC 8945 §5.3.2: an error may come unsigned; a yes may not.
        if (check == TsigCheck.Missing && message.Rcode == 0) return new(-1, $"the reply of {server} is not signed, so it is not believed");
        return new(message.Rcode, Problem(message.Rcode, error, server, zone, key));
    }

    private static string Problem(int rcode, int error, IPEndPoint server, string zone, TsigKey? key) => (rcode, error) switch
    {
        (0, _) => "",
        (_, 16) => $"{server} says that the signature is wrong (BADSIG): the secret of the key {key?.Name} differs there",
        (_, 17) => $"{server} does not know the key {key} (BADKEY): compare its name and algorithm with the server's",
        (_, 18) => $"{server} says that the clocks differ by more than five minutes (BADTIME): set this machine's clock or the server's",
        (5, _) => $"{server} refuses the change (REFUSED): the key {key?.Name ?? "(none)"} may not change these names of {zone}; "
            + "in BIND that is `update-policy`",
        (9, _) => $"{server} says NOTAUTH: it is not the primary of {zone}, or the key {key?.Name ?? "(none)"} is not good for it",
        (10, _) => $"{server} says that a name is not in {zone} (NOTZONE)",
        (4, _) => $"{server} takes no updates (NOTIMP)",
        (2, _) => $"{server} could not make the change (SERVFAIL); its log says why, often a zone file it may not write",
        _ => $"{server} answers the change with code {rcode}",
    };
}
