using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8291 and RFC 8292.</summary>
public sealed class WebPushTests
{
    /// <summary>RFC 8291 §5 and appendix A.</summary>
    [Fact]
    public void The_example_of_the_RFC_is_written_to_the_octet()
    {
        var keys = PushKeys.Read(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "BTBZMqHH6r4Tts7J_aSIgg");
        Assert.NotNull(keys);
        var point = Base64Url.DecodeFromChars("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        using var own = ECDiffieHellman.Create(WebPushCipher.Parameters(point) with
        {
            D = Base64Url.DecodeFromChars("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        });
        var message = WebPushCipher.Encrypt(
            "When I grow up, I want to be a watermelon"u8, keys, own, Base64Url.DecodeFromChars("DGv6ra1nlYgDCS1FRnbzlw"));
        Assert.Equal(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
            + "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN", Base64Url.EncodeToString(message));
    }

    [Theory]
    [InlineData("", "BTBZMqHH6r4Tts7J_aSIgg")]
    [InlineData("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "BTBZ")]
    [InlineData("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw5", "BTBZMqHH6r4Tts7J_aSIgg")]
    [InlineData("!", "BTBZMqHH6r4Tts7J_aSIgg")]
    public void Keys_that_are_none_are_refused(string p256dh, string auth) => Assert.Null(PushKeys.Read(p256dh, auth));

    [Fact]
    public async Task Tokens_are_signed_for_the_origin_with_a_key_that_stays()
    {
        await using var store = await TestStore.OpenAsync();
        var clock = new ManualClock();
        using var one = await Vapid.OpenAsync(store.Store, "mailto:p@example.test", clock, default);
        using var two = await Vapid.OpenAsync(store.Store, "mailto:p@example.test", clock, default);
        Assert.Equal(one.PublicKey, two.PublicKey);
        var field = one.Authorization(new("https://push.example:444/a/b?c"));
        Assert.StartsWith("vapid t=", field);
        var parts = field["vapid t=".Length..].Split(", k=");
        Assert.Equal(one.PublicKey, parts[1]);
        var token = parts[0].Split('.');
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(token[1]));
        Assert.Equal("https://push.example:444", claims.RootElement.GetProperty("aud").GetString());
        Assert.InRange(
            claims.RootElement.GetProperty("exp").GetInt64() - clock.GetUtcNow().ToUnixTimeSeconds(), 1, 24 * 3600);
        using var key = ECDsa.Create(WebPushCipher.Parameters(Base64Url.DecodeFromChars(one.PublicKey)));
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{token[0]}.{token[1]}"), Base64Url.DecodeFromChars(token[2]),
            HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }
}
