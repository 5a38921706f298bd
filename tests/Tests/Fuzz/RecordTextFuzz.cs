using System.Text;
using Aviso.Dns;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Record texts of strangers: reading never throws, what is read is written and read again as the same, and its meaning is its
/// own.</summary>
public static class RecordTextFuzz
{
    private static readonly byte[][] Seeds =
    [
        .. new[]
        {
            "10 mail.example.org.", "0 1 993 mail.example.org.", "3 1 1 00ff", "0 issue \"ca.example; a=b\"",
                "\"v=spf1 ip4:192.0.2.1\" \" -all\"",
            "v=spf1 include:a.example ip6:2001:db8::/32 a:%{d}/24//64 redirect=b.example exp=c.example ?all",
                "v=DMARC1; p=none; pct=0; rua=mailto:a@b.example!10m,https://c/",
            "v=DKIM1; k=rsa; h=sha256:sha1; t=y:s; p=AAAA BBBB", "v=TLSRPTv1; rua=mailto:a@b.example", "\\# 2 00ff", "2001:db8::1%eth0",
                "\"a\\065\\\"\\",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    [Fact]
    public static void Texts_are_read_or_refused_and_compared_without_failing() => Mutator.Run(Seeds, 3_000, Check);

    private static void Check(byte[] octets)
    {
        var text = Encoding.Latin1.GetString(octets);
        foreach (var type in new[] { DnsType.A, DnsType.Aaaa, DnsType.Mx, DnsType.Srv, DnsType.Tlsa, DnsType.Caa, DnsType.Cname,
            DnsType.Txt })
        {
            if (RecordText.Parse("x.example", 60, type, text) is not { } record) continue;
            var written = RecordText.Of(record);
            Assert.Equal(written, RecordText.Of(RecordText.Parse("x.example", 60, type, written)!));
            Assert.Equal(RecordText.Canonical(type, text), RecordText.Canonical(type, written));
        }
        var joined = RecordText.Unquote(text);
        Assert.Equal(joined, RecordText.Unquote(RecordText.Quoted(joined)));
        foreach (var purpose in Enum.GetValues<DnsPurpose>())
        {
            Assert.True(RecordMeaning.AreSame(purpose, DnsType.Txt, text, text));
            var set = new WantedSet("example.org", purpose, "_dmarc.example.org", DnsType.Txt, Wanted(purpose), "why");
            var line = Comparison.Of(set, new([new(DnsUpdate.Txt(set.Name, 60, joined))]), [joined]);
            // What is written is what is wanted from then on.
            if (line.IsChange && set.IsOurs(joined)) Assert.True(
                Comparison.Of(set, new([.. line.Wanted.Select(w => new FoundRecord(RecordText.Parse(set.Name, 60, DnsType.Txt, w)!))]), [])
                    .Action == PlanAction.Fine, text);
        }
    }

    private static IReadOnlyList<string> Wanted(DnsPurpose purpose) => purpose switch
    {
        DnsPurpose.Spf => ["v=spf1 ip4:192.0.2.25 include:spf.example ~all"],
        DnsPurpose.Dmarc => ["v=DMARC1; p=reject; rua=mailto:a@example.org"],
        DnsPurpose.TlsReports => ["v=TLSRPTv1; rua=mailto:a@example.org"],
        DnsPurpose.MtaSts => ["v=STSv1; id=1"],
        _ => ["v=DKIM1; k=rsa; p=AAAA"],
    };
}
