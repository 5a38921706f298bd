using System.Text.Json.Nodes;

namespace Aviso.Tests.System.Web;

/// <summary>curl with a jar of cookies, saying of itself what a browser says.</summary>
internal sealed class Curl(string origin) : IDisposable
{
    private readonly string _jar = Path.GetTempFileName();

    public string Origin => origin;

    /// <summary>Names and values of cookies that are kept.</summary>
    public string Jar => File.ReadAllText(_jar);

    /// <summary>More arguments for each request.</summary>
    public IReadOnlyList<string> More { get; set; } = [];

    public static Curl Https(AvisoServer server) => new($"https://mail.{AvisoServer.Domain}:{server.Port("https")}");

    public static Curl Local(AvisoServer server) => new($"http://localhost:{server.Port("http")}");

    public Task<Answer> GetAsync(string path, params string[] more) => RunAsync(path, ["-H", "Sec-Fetch-Site: same-origin", .. more]);

    public Task<Answer> PostAsync(string path, JsonObject body, params string[] more) => RunAsync(path,
        ["-H", $"Origin: {origin}", "-H", "Sec-Fetch-Site: same-origin", "-H", "Content-Type: application/json", "--data-binary",
            body.ToJsonString(), .. more]);

    public async Task<Answer> RunAsync(string path, params string[] more)
    {
        // The head comes first, then what was asked for.
        var uri = new Uri(path.StartsWith("http", StringComparison.Ordinal) ? path : origin + path);
        var result = await Tool.RunAsync(Tool.Find("curl", "curl"),
        [
            "--silent", "--show-error", "--include", "--max-time", "30", "--insecure", "--cookie", _jar, "--cookie-jar", _jar,
            "--resolve", $"{uri.Host}:{uri.Port}:127.0.0.1", "-A",
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", .. More, .. more, uri.ToString(),
        ]);
        result.MustSucceed();
        var (head, text) = result.Output.Split("\r\n\r\n", 2) is [var before, var after] ? (before, after) : (result.Output, "");
        return new(int.Parse(head.Split(' ')[1], null), head, text);
    }

    public void Dispose() => File.Delete(_jar);

    internal sealed record Answer(int Status, string Head, string Text)
    {
        public JsonNode Json => JsonNode.Parse(Text)!;

        public string Word(string name) => Json[name]?.ToString() ?? "";

        public string Header(string name) => Head.Split("\r\n").FirstOrDefault(line =>
            line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..] ?? "";
    }
}
