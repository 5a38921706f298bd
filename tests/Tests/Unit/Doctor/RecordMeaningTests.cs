using System.Text;
using Aviso.Dns;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>A record in any other form that means the same is no difference.</summary>
public sealed class RecordMeaningTests
{
    [Theory]
    [InlineData(DnsPurpose.Dmarc, "v=DMARC1; p=none; rua=mailto:a@example.org", "v=DMARC1;rua=mailto:a@EXAMPLE.org ; P=None;", true)]
    [InlineData(DnsPurpose.Dmarc, "v=DMARC1; p=none; rua=mailto:a@example.org", "v=DMARC1; p=none; rua=mailto:A@example.org", false)]
    [InlineData(DnsPurpose.Dmarc, "v=DMARC1; p=none", "v=DMARC1; p=reject", false)]
    [InlineData(DnsPurpose.Dkim, "v=DKIM1; k=rsa; p=AAAB", "p=AA AB", true)]
    [InlineData(DnsPurpose.Dkim, "v=DKIM1; k=rsa; p=AAAB", "v=DKIM1; k=rsa; p=aaab", false)]
    [InlineData(DnsPurpose.Dkim, "v=DKIM1; k=rsa; p=AAAB", "v=DKIM1; k=rsa; p=AAAB; t=y", false)]
    [InlineData(DnsPurpose.Spf, "v=spf1 ip4:192.0.2.1 mx ~all", "V=SPF1  MX +IP4:192.0.2.1/32  ~ALL", true)]
    [InlineData(DnsPurpose.Spf, "v=spf1 ip6:2001:db8::1 ~all", "v=spf1 ip6:2001:0DB8:0:0::1/128 ~all", true)]
    [InlineData(DnsPurpose.Spf, "v=spf1 mx ~all", "v=spf1 mx -all", false)]
    [InlineData(DnsPurpose.Spf, "v=spf1 mx -ip4:192.0.2.1 a -all", "v=spf1 a mx -ip4:192.0.2.1 -all", false)]
    [InlineData(DnsPurpose.Spf, "v=spf1 mx -all", "v=spf1 mx -all a", true)]
    [InlineData(DnsPurpose.Spf, "v=spf1 mx exp=x.example.org -all", "v=spf1 mx -all exp=x.example.org", true)]
    [InlineData(DnsPurpose.MtaSts, "v=STSv1; id=20260101", "v=STSv1;id=20260101;", true)]
    [InlineData(DnsPurpose.MtaSts, "v=STSv1; id=20260101", "v=STSv1; id=20260102", false)]
    public void Texts_are_compared_by_what_they_mean(DnsPurpose purpose, string one, string other, bool same) =>
        Assert.Equal(same, RecordMeaning.AreSame(purpose, DnsType.Txt, one, other));

    [Theory]
    [InlineData(DnsType.Mx, "10 mail.example.org.", "10  MAIL.example.ORG", true)]
    [InlineData(DnsType.Mx, "10 mail.example.org.", "20 mail.example.org.", false)]
    [InlineData(DnsType.Srv, "0 1 993 mail.example.org.", "0 1 993\tMail.example.org", true)]
    [InlineData(DnsType.Tlsa, "3 1 1 abcd", "3 1 1 AB CD", true)]
    [InlineData(DnsType.Aaaa, "2001:db8::25", "2001:DB8:0::25", true)]
    [InlineData(DnsType.Caa, "0 issue \"ca.example\"", "0 ISSUE CA.example", true)]
    [InlineData(DnsType.Caa, "0 issue \"ca.example\"", "0 issue \"ca.example; accounturi=x\"", false)]
    [InlineData(DnsType.Cname, "mail.example.org.", "Mail.Example.Org", true)]
    public void Records_are_compared_by_what_they_are(DnsType type, string one, string other, bool same) =>
        Assert.Equal(same, RecordMeaning.AreSame(DnsPurpose.Mx, type, one, other));

    [Fact]
    public void Any_other_form_of_the_plan_itself_is_fine()
    {
        var random = new Random(20261130);
        var plan = DnsPlan.Of(PlanFacts.Full);
        for (var round = 0; round < 300; round++)
        {
            foreach (var set in plan)
            {
                var records = set.Values.Select(v => Written(set, v, random)).ToArray();
                random.Shuffle(records);
                var foreign = set.Type == DnsType.Txt && set.Purpose != DnsPurpose.Dkim ? [.. Foreign(set.Name)]
                    : Array.Empty<FoundRecord>();
                var line = Comparison.Of(set, new([.. records.Select(r => new FoundRecord(r)), .. foreign]), []);
                Assert.True(line.Action == PlanAction.Fine,
                    $"{set.Label}: {line.Action} {string.Join(" | ", line.Found)} instead of {string.Join(" | ", set.Values)}: "
                        + $"{line.Reason}");
            }
        }
    }

    [Fact]
    public void A_long_text_cut_anywhere_is_the_same_text()
    {
        var set = DnsPlan.Of(PlanFacts.Full).First(s => s.Purpose == DnsPurpose.Dkim && s.Type == DnsType.Txt);
        foreach (var size in new[] { 1, 7, 100, 254, 255 })
            Assert.Equal(PlanAction.Fine, Comparison.Of(set, new([new(Cut(set.Name, set.Values[0], _ => size))]), []).Action);
    }

    private static IEnumerable<FoundRecord> Foreign(string name) =>
    [
        new(DnsUpdate.Txt(name, 60, "google-site-verification=abc")),
        new(DnsUpdate.Txt(name, 60, "heritage=external-dns,external-dns/owner=me,external-dns/resource=service/mail")),
    ];

    // As a provider may give it back: other order, case, spaces, cuts.
    private static DnsRecord Written(WantedSet set, string value, Random random)
    {
        if (set.Type != DnsType.Txt) return RecordText.Parse(Cased(set.Name, random), 60, set.Type, random.Next(2) == 0
            && set.Type != DnsType.Caa ? Cased(value, random) : value)!;
        return Cut(set.Name, set.Purpose == DnsPurpose.Spf ? Spf(value, random) : Tags(value, random), _ => random.Next(1, 256));
    }

    private static string Spf(string value, Random random)
    {
        var words = value.Split(' ');
        random.Shuffle(words.AsSpan(1..^1));
        return string.Concat(words.Select(w => Cased(w, random) + new string(' ', random.Next(1, 3)))).TrimEnd();
    }

    private static string Tags(string value, Random random)
    {
        var tags = value.Split(';', StringSplitOptions.TrimEntries);
        random.Shuffle(tags.AsSpan(1..));
        return string.Join(random.Next(2) == 0 ? ";" : " ; ", tags.Select(Tag)) + (random.Next(2) == 0 ? ";" : "");

        string Tag(string tag)
        {
            var (name, text) = (tag[..tag.IndexOf('=', StringComparison.Ordinal)], tag[(tag.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            if (name == "p" && text.Length > 20) text = text.Insert(random.Next(text.Length), " ");
            else if (name == "rua") text = text[..^11] + Cased(text[^11..], random);
            else if (name is "p" or "k") text = Cased(text, random);
            return $"{name}{(random.Next(2) == 0 && name != "v" ? " = " : "=")}{text}";
        }
    }

    private static string Cased(string text, Random random) => string.Concat(text.Select(c => random.Next(2) == 0
        ? char.ToUpperInvariant(c) : c));

    private static TxtRecord Cut(string name, string text, Func<int, int> size)
    {
        var (octets, strings) = (Encoding.Latin1.GetBytes(text), new List<byte[]>());
        for (var at = 0; at < octets.Length;)
        {
            var length = Math.Min(size(at), octets.Length - at);
            strings.Add(octets[at..(at + length)]);
            at += length;
        }
        return new(name, 60, strings);
    }
}
