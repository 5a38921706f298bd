using System.Net;
using System.Text;
using Aviso.Base;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.MailAuth;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>
/// Oracles: nothing that strangers publish or send throws; an SPF record costs a bounded number of questions; what we write is read
/// again; nobody makes an SRS address of ours.
/// </summary>
public static class MailAuthFuzz
{
    // RFC 7208 §4.6.4: ten terms, each with up to ten names, and the records themselves.
    private const int MostQuestions = 150;

    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.7");

    [Fact]
    public static void Spf_records_of_any_text_are_judged_with_few_questions()
    {
        string[] seeds =
        [
            "v=spf1 a:%{i}._spf.%{d2} mx/24//64 ptr:example.com ip4:198.51.100.0/24 ip6:2001:db8::/32 ?exists:%{l1r-}.%{o} ~include:example.com -all exp=e.%{d}",
            "v=spf1 a mx include:a.%{h} redirect=_spf.%{d}", "v=spf1 exists:%%%_%-%{S}.%{P2r}.%{v} unknown=%{c} -all",
        ];
        Mutator.Run([.. seeds.Select(Encoding.Latin1.GetBytes)], 1_500, octets =>
        {
            var zone = new Everywhere(Encoding.Latin1.GetString(octets));
            var got = Done(new SpfChecker(zone, "mx.example", TimeProvider.System).CheckAsync(Client, "helo.example", Addresses.Of("a-b@example.com"), default));
            Assert.InRange(zone.Asked, 0, MostQuestions);
            Assert.True(got.Result is not (SpfResult.TempError or SpfResult.PermError) || got.Problem.Length > 0);
        });
    }

    [Fact]
    public static void Dmarc_records_of_any_text_are_read_or_refused() =>
        Mutator.Run([Encoding.ASCII.GetBytes("v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=r; pct=50; t=y; psd=n; ri=3600; rua=mailto:a@example.com!10m,mailto:b@example.net; ruf=mailto:c@example.com")], 3_000, octets =>
        {
            var record = DmarcRecord.Parse(Encoding.Latin1.GetString(octets));
            if (record is null) return;
            Assert.InRange(record.Percent, 0, 100);
            Assert.InRange(record.AggregateReports.Count, 0, 20);
            Assert.True(record.ReportInterval >= 0);
        });

    [Fact]
    public static void Authentication_results_of_any_octets_are_read_or_refused()
    {
        string[] seeds =
        [
            " mx.example 1; spf=pass (ok (really)) smtp.mailfrom=a@example.com; dkim=fail reason=\"no \\\"key\" header.i=@example.com header.b=abc/+=",
            " i=2; mx.example; none", " \"mx.example\"; x-own/2 = softfail policy.iprev=192.0.2.1;",
        ];
        Mutator.Run([.. seeds.Select(Encoding.Latin1.GetBytes)], 2_000, octets =>
        {
            foreach (var arc in (bool[])[false, true])
                if (AuthenticationResults.Parse(octets, arc) is { } read) Assert.InRange(read.Results.Count, 0, 100);
            var header = (byte[])[.. "Authentication-Results:"u8, .. octets, .. "\r\n\r\n"u8];
            foreach (var range in AuthenticationResults.Claiming(header, "mx.example")) Assert.InRange(range.End.Value, range.Start.Value + 1, header.Length);
        });
    }

    [Fact]
    public static void Results_with_any_words_of_strangers_are_read_again() =>
        Mutator.Run([Encoding.ASCII.GetBytes("a.b+c@example.com"), "ö \"x\" \\ (y)\r\n; spf=pass@example.com"u8.ToArray()], 2_000, octets =>
        {
            var text = Encoding.UTF8.GetString(octets);
            var verdict = new AuthVerdict
            {
                Client = Client,
                Helo = text,
                Sender = new(text, Addresses.Domain("example.com")),
                Spf = new(SpfResult.PermError, text, "mailfrom", "", text),
                Dkim = [new(DkimResult.Fail, text, text, text, text, text, false) { Signature = text }],
                FromDomain = text,
            };
            foreach (var spf in (SpfVerdict[])[verdict.Spf, verdict.Spf with { Identity = "helo" }])
            {
                var field = Encoding.UTF8.GetBytes((verdict with { Spf = spf }).Results("mx.example"));
                var read = AuthenticationResults.Parse(field.AsSpan("Authentication-Results:"u8.Length));
                Assert.True(read is { IsStrict: true, AuthservId: "mx.example" }, Encoding.UTF8.GetString(field));
                Assert.Equal(["spf", "dkim", "dmarc"], read.Results.Select(r => r.Method));
                Assert.Equal(-1, field.AsSpan()[..^2].IndexOf("\r\n\r\n"u8));
            }
        });

    [Fact]
    public static void Only_our_own_srs_addresses_come_back()
    {
        var srs = new Srs(["a secret"u8.ToArray()], new FixedClock(1_790_000_000));
        var alice = Addresses.Of("alice@sender.example");
        MailAddress[] senders = [alice, srs.Forward(alice, Addresses.Domain("first.example")), Addresses.Of("SRS0=x@first.example")];
        var locals = senders.Select(s => srs.Forward(s, Addresses.Domain("example.org")).LocalPart).ToArray();
        Mutator.Run([.. locals.Select(Encoding.Latin1.GetBytes)], 3_000, octets =>
        {
            var local = Encoding.Latin1.GetString(octets);
            var back = srs.Reverse(local);
            Assert.True((back.Address is null) == (back.Problem.Length > 0));
            // The hash has 30 bits, so that a changed address passes once in a billion; the separator is not signed.
            if (back.Address is not null) Assert.Contains(locals, l => Same(l, local));
        });

        static bool Same(string ours, string given) => ours.Length == given.Length
            && ours[..4].Equals(given[..4], StringComparison.OrdinalIgnoreCase) && ours[5..].Equals(given[5..], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public static void Received_fields_of_any_octets_name_an_address_or_nothing() =>
        Mutator.Run(["Received: from a (b [192.0.2.1])\r\n\tby c; d\r\nReceived: from e ([IPv6:2001:db8::1] helo=f)\r\n\tby a; g\r\n\r\n"u8.ToArray()], 3_000, octets =>
        {
            var (client, helo) = OriginalClient.Find(octets, Client, "x", _ => true);
            Assert.NotNull(client);
            Assert.InRange(helo.Length, 0, 255);
        });

    private static T Done<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>The same record at every name, two hosts behind every MX, an address for every host.</summary>
    private sealed class Everywhere(string record) : IResolver
    {
        public int Asked { get; private set; }

        public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel)
        {
            Asked++;
            DnsRecord[] found = type switch
            {
                DnsType.Txt => [new TxtRecord(name, 300, [Encoding.Latin1.GetBytes(record)])],
                DnsType.Mx => [new MxRecord(name, 300, 1, "a.mx.example"), new MxRecord(name, 300, 2, "b.mx.example")],
                DnsType.Ptr => [new PtrRecord(name, 300, "client.example.com")],
                DnsType.A => [new ARecord(name, 300, IPAddress.Parse("203.0.113.1"))],
                _ => [],
            };
            return new(found.Length == 0 ? DnsAnswer.None(DnsStatus.NoData) : new DnsAnswer(DnsStatus.Ok, false, found, TimeSpan.FromMinutes(5)));
        }
    }
}
