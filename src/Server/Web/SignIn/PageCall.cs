using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Aviso.Accounts;
using Aviso.Net;
using Microsoft.AspNetCore.Http;

namespace Aviso.Web;

/// <summary>A request of a page of ours, which was looked at: it may be answered.</summary>
/// <param name="Session">Who is signed in; null: nobody.</param>
internal sealed record PageCall(WebExchange Exchange, WebOrigin Origin, WebSession? Session, CancellationToken Cancel)
{
    /// <summary>The session of a row that only answers who is signed in.</summary>
    public WebSession Asks => Session ?? throw new InvalidOperationException("this row is for who is signed in");

    /// <param name="secondStep">A code, or empty: what a browser that can be asked says so far.</param>
    public LoginAttempt Attempt(string session, string mechanism, string secondStep = "") =>
        new(session, Exchange.Kind, Exchange.Client, mechanism) { SecondStep = secondStep };

    public SignInFacts Facts(string how, bool stays) =>
        new(how, Exchange.Client, Exchange.Request.Headers.UserAgent.ToString()) { Stays = stays };

    /// <summary>What the page says; null when it cannot be read, and that has been answered.</summary>
    public async Task<T?> ReadAsync<T>(JsonTypeInfo<T> type) where T : class
    {
        var (status, problem) = (400, "the request is no JSON of the form that is asked for");
        if (!BrowserRules.IsJson(Exchange)) (status, problem) = (415, "the request is not application/json");
        else
        {
            try
            {
                if (await JsonSerializer.DeserializeAsync(Exchange.Request.Body, type, Cancel) is { } read) return read;
            }
            catch (JsonException)
            {
                // Said below.
            }
            catch (BadHttpRequestException e)
            {
                (status, problem) = (e.StatusCode, "the request is too long or broken off");
            }
        }
        await SayAsync(status, "request", problem);
        return null;
    }

    public Task AnswerAsync<T>(T value, JsonTypeInfo<T> type, int status = 200) =>
        Exchange.AnswerAsync(status, WebExchange.Json, JsonSerializer.Serialize(value, type));

    public Task DoneAsync() => Exchange.AnswerAsync(200, WebExchange.Json, "{}");

    /// <param name="error">A word for the page.</param>
    /// <param name="text">A sentence for whoever reads it.</param>
    public Task SayAsync(int status, string error, string text) =>
        AnswerAsync(new PageError(error, text), SignInJson.Default.PageError, status);
}
