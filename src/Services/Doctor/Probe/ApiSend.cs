using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Aviso.Doctor;

/// <summary>Sends a probe by the HTTP API of a vendor, by its documentation: Brevo (POST smtp/email) or Mailgun (POST
/// DOMAIN/messages).</summary>
internal sealed class ApiSend(HttpClient http)
{
    private const int MostSaid = 300;

    public Task SendAsync(ApiWay way, ProbeLetter letter, ProbeSteps steps, CancellationToken cancel) =>
        steps.DoAsync(ProbeStage.Send, () => PostAsync(way, letter, cancel));

    private async Task PostAsync(ApiWay way, ProbeLetter letter, CancellationToken cancel)
    {
        using var request = way.Vendor == ProbeVendor.Brevo ? Brevo(way, letter) : Mailgun(way, letter);
        try
        {
            using var answer = await http.SendAsync(request, cancel);
            if (answer.IsSuccessStatusCode) return;
            var said = await answer.Content.ReadAsStringAsync(cancel);
            throw new ProbeException(ProbeStage.Send, $"{way.Name} answers {(int)answer.StatusCode}: {OneLine(said)}");
        }
        catch (HttpRequestException e)
        {
            throw new ProbeException(ProbeStage.Send, $"{way.Name} cannot be asked: {e.Message}");
        }
    }

    private static HttpRequestMessage Brevo(ApiWay way, ProbeLetter letter)
    {
        var json = new JsonObject
        {
            ["sender"] = new JsonObject { ["email"] = letter.From.Wire },
            ["to"] = new JsonArray(new JsonObject { ["email"] = letter.To.Wire }),
            ["subject"] = letter.Subject,
            ["textContent"] = letter.Text,
        };
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(way.Address, "smtp/email"))
        {
            Content = new StringContent(json.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("api-key", way.Key);
        return request;
    }

    private static HttpRequestMessage Mailgun(ApiWay way, ProbeLetter letter) =>
        new(HttpMethod.Post, new Uri(way.Address, $"{letter.From.Domain.Ascii}/messages"))
        {
            Content = new FormUrlEncodedContent([new("from", letter.From.Wire), new("to", letter.To.Wire), new("subject", letter.Subject),
                new("text", letter.Text)]),
            Headers = { Authorization = new AuthenticationHeaderValue("Basic",
                Convert.ToBase64String(Encoding.UTF8.GetBytes($"api:{way.Key}"))) },
        };

    private static string OneLine(string text) => (text.Length > MostSaid ? text[..MostSaid] : text).ReplaceLineEndings(" ");
}
