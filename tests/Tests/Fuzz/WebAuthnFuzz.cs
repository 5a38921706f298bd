using Aviso.Accounts;
using Aviso.Tests.Unit.Accounts;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>What authenticators send, as a stranger may write it.</summary>
public static class WebAuthnFuzz
{
    private static readonly RelyingParty Party = new("mail.example.org", "https://mail.example.org");

    [Fact]
    public static void Attestations_are_taken_or_refused_with_a_reason()
    {
        var challenge = new byte[32];
        using var curve = new FakeAuthenticator();
        using var rsa = new FakeAuthenticator(-257) { Format = "packed" };
        var client = curve.Create(challenge).ClientData;
        Mutator.Run([curve.Create(challenge).Attestation, rsa.Create(challenge).Attestation], 500, input =>
        {
            var made = WebAuthn.Register(Party, challenge, client, input, out var problem);
            Assert.Equal(made is null, problem.Length > 0);
            if (made is null) return;
            // What was taken is whole, and reads the same again.
            Assert.True(made is { UserPresent: true, UserVerified: true, Key: not null });
            Assert.Equal(made.Key!.Octets, CoseKey.Read(made.Key.Octets, out var length)!.Octets);
            Assert.Equal(made.Key.Octets.Length, length);
        });
    }

    [Fact]
    public static void No_mutated_assertion_logs_in()
    {
        var challenge = new byte[32];
        using var key = new FakeAuthenticator();
        var stored = WebAuthn.Register(Party, challenge, key.Create(challenge).ClientData, key.Create(challenge).Attestation, out _)!.Key!;
        var (client, data, signature) = key.Get(challenge);
        Assert.Null(WebAuthn.Assert(Party, stored, 0, challenge, client, data, signature, out _));
        Mutator.Run([data], 500, input =>
        {
            if (!input.AsSpan().SequenceEqual(data)) Assert.NotNull(
                WebAuthn.Assert(Party, stored, 0, challenge, client, input, signature, out _));
        });
        Mutator.Run([client], 500, input =>
        {
            if (!input.AsSpan().SequenceEqual(client)) Assert.NotNull(
                WebAuthn.Assert(Party, stored, 0, challenge, input, data, signature, out _));
        });
    }

    [Fact]
    public static void Items_are_never_longer_than_what_is_there() => Mutator.Run(
        [Convert.FromHexString("a301020326200121"), Convert.FromHexString("8301820203820405"), Convert.FromHexString("a1616180")], 500, input =>
        {
            var item = new CborItem(input);
            var whole = item.TrySkip();
            Assert.InRange(item.Position, 0, input.Length);
            if (!whole) return;
            // The same octets alone are the same item, and no prefix of them is one.
            for (var cut = 0; cut < item.Position; cut++) Assert.False(new CborItem(input.AsSpan(0, cut)).TrySkip());
        });
}
