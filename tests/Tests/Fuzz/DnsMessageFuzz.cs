using Aviso.Dns;
using Xunit;
using static Aviso.Tests.Unit.Dns.FakeDnsServer;

namespace Aviso.Tests.Fuzz;

/// <summary>Oracle: never throws; every name read can be written again and stays the same.</summary>
public static class DnsMessageFuzz
{
    [Fact]
    public static void Messages_of_any_octets_are_read_or_refused() => Mutator.Run([.. Seeds()], 5_000, Check);

    [Fact]
    public static void A_message_made_of_pointers_costs_no_more_than_its_size()
    {
        // Each record's name is a chain of 127 pointers: 5,400 records would be 680,000 steps, not millions.
        var message = new byte[65_535];
        message[7] = 0x15;
        message[6] = 0x15;
        for (var i = 12; i + 1 < message.Length; i += 2)
        {
            message[i] = (byte)(0xC0 | ((i - 2) >> 8 & 0x3F));
            message[i + 1] = (byte)(i - 2);
        }
        Check(message);
    }

    private static void Check(byte[] octets)
    {
        if (!DnsMessage.TryRead(octets, out var message)) return;
        foreach (var record in message.Answers.Concat(message.Authority))
            Assert.Equal(record.Name, DnsName.Normalize(record.Name));
    }

    private static IEnumerable<byte[]> Seeds()
    {
        var query = new byte[512];
        query = query[..DnsMessage.WriteQuery(query, 1, "a.example.org", DnsType.Txt, true)];
        yield return query;
        yield return Reply(query, answers: [
            A("192.0.2.1"), Record(DnsType.Mx, 60, [0, 10, 2, 109, 120, 0xC0, 14]), Record(DnsType.Txt, 60, [3, 97, 98, 99, 0])]);
        yield return Reply(query, 3, authority: [Soa(60, 60)]);
        yield return Reply(query, answers: [Record(DnsType.Srv, 1, [0, 1, 0, 2, 0, 25, 0xC0, 12]),
            Record(DnsType.Caa, 1, [0, 1, 97, 98]), Record(DnsType.Cname, 1, [1, 0, 0xC0, 12])]);
    }
}
