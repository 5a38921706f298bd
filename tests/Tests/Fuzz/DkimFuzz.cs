using System.Text;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Tests.Unit.MailAuth;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>
/// Oracles: nothing a stranger sends or publishes throws; whatever a message looks like, our signature and our seal on it pass.
/// </summary>
public static class DkimFuzz
{
    private static readonly DkimKey Key =
        DkimKey.Import("football.example.com", "brisbane", "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
    private static readonly FakeZone Zone = new FakeZone().Txt(Key.DnsName, Key.DnsRecord());
    private static readonly DkimArcVerifier Verifier = new(Zone, new(), TimeProvider.System);

    private static readonly byte[] Message = Encoding.ASCII.GetBytes(
        "From: a@example.org\r\nTo: b@example.org\r\nSubject: folded\r\n  twice\r\n\tand more\r\nDate: today\r\n\r\nBody  text \r\n\r\nend\r\n\r\n");

    [Fact]
    public static void Signed_and_sealed_messages_are_judged() => Mutator.Run([Sealed(Signed(Message)), Signed(Message)], 1_500, octets =>
    {
        var got = Verify(octets);
        Assert.InRange(got.Dkim.Count, 0, 11);
        Assert.InRange(got.Arc.Instance, 0, 50);
    });

    [Fact]
    public static void Whatever_is_signed_passes() => Mutator.Run([Message, Signed(Message)], 1_500, octets =>
    {
        // A message that begins with white space would continue whatever field is put before it.
        if (octets.Length > 0 && octets[0] is (byte)' ' or (byte)'\t') return;
        var signed = Verify(Signed(octets)).Dkim[0];
        Assert.True(signed.Result == DkimResult.Pass || signed.Problem == "there is no From", signed.Problem);
        if (octets.AsSpan().IndexOf("ARC-"u8) < 0) Assert.Equal(ArcResult.Pass, Verify(Sealed(octets)).Arc.Result);
    });

    [Fact]
    public static void Key_records_of_any_text_are_read_or_refused()
    {
        var seeds = new[] { Key.DnsRecord(), "v=DKIM1; h=sha1:sha256; k=rsa; s=email; t=y:s; n=note; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB" };
        Mutator.Run([.. seeds.Select(Encoding.Latin1.GetBytes)], 2_000, octets =>
        {
            var record = DkimKeyRecord.Parse(Encoding.Latin1.GetString(octets));
            Assert.False(record.Verify(new byte[32], System.Security.Cryptography.HashAlgorithmName.SHA256, new byte[64]));
        });
    }

    [Fact]
    public static void Private_keys_of_any_text_are_read_or_refused() =>
        Mutator.Run([Encoding.ASCII.GetBytes(Key.ExportPem())], 500, octets =>
        {
            if (DkimKey.TryImport("example.org", "a", Encoding.Latin1.GetString(octets), out var key, out var problem)) key.Dispose();
            else Assert.NotEmpty(problem);
        });

    private static byte[] Signed(byte[] message)
    {
        using var body = Bodies.Raw(message);
        return [.. DkimSigner.Sign(body, [Key], SignOptions.Default, DateTimeOffset.UnixEpoch), .. message];
    }

    private static byte[] Sealed(byte[] message)
    {
        using var body = Bodies.Raw(message);
        return [.. ArcSealer.Seal(body, ArcVerdict.None, "mx.example; none", Key, DateTimeOffset.UnixEpoch), .. message];
    }

    // FakeZone answers at once, so the task is done when it is returned.
    private static SignatureVerdicts Verify(byte[] message)
    {
        using var body = Bodies.Raw(message);
        return Verifier.VerifyAsync(body, default).AsTask().GetAwaiter().GetResult();
    }
}
