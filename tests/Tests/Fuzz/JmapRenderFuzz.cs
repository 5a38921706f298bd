using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Aviso.Mime;
using Aviso.Tests.Oracles;
using Aviso.Tests.Unit.Jmap;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Any octets as an Email object with everything that can be asked of it.</summary>
public sealed class JmapRenderFuzz
{
    private static readonly string[] Forms =
        ["", ":asRaw", ":asText", ":asAddresses", ":asGroupedAddresses", ":asMessageIds", ":asDate", ":asURLs"];

    private static readonly RenderRequest Everything = Rendering.Everything with
    {
        Email = Rendering.Everything.Email with
        {
            Fields = [.. Forms.SelectMany(form => new[] { $"header:X-Other{form}", $"header:X-Other{form}:all" }).Select(
                name => HeaderProperty.Parse(name)!)],
        },
    };

    [Fact]
    public void Messages_of_any_octets_have_an_email_object() =>
        Mutator.Run([.. Enumerable.Range(0, 20).Select(seed => new MadeMessage(seed).Write())], 60, Check);

    internal static void Check(byte[] message)
    {
        var email = Rendering.Of(message, Everything);
        Assert.True(email.GetProperty("preview").GetString()!.Length <= MessageText.PreviewLength);
        var values = email.GetProperty("bodyValues");
        foreach (var part in Leaves(email.GetProperty("bodyStructure")))
        {
            var id = part.GetProperty("partId").GetString()!;
            Assert.Equal(
                part.GetProperty("type").GetString()!.StartsWith("text/", StringComparison.Ordinal), values.TryGetProperty(id, out _));
        }
        foreach (var most in (long[])[1, 7, 50])
        {
            foreach (var value in Rendering.Of(message, Everything with { MaxBodyValueBytes = most }).GetProperty("bodyValues")
                .EnumerateObject())
            {
                var (cut, whole) = (
                    value.Value.GetProperty("value").GetString()!, values.GetProperty(value.Name).GetProperty("value").GetString()!);
                Assert.StartsWith(cut, whole, StringComparison.Ordinal);
                Assert.True(Encoding.UTF8.GetByteCount(cut) <= most);
                Assert.Equal(cut.Length < whole.Length, value.Value.GetProperty("isTruncated").GetBoolean());
            }
        }
    }

    private static IEnumerable<JsonElement> Leaves(JsonElement part) =>
        part.GetProperty("partId").ValueKind == JsonValueKind.Null ? part.GetProperty("subParts").EnumerateArray().SelectMany(Leaves)
            : [part];
}
