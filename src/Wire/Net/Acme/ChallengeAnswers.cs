using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Aviso.Dns;
using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>Puts the answer to a challenge where the authority looks. A problem is a text that says what to do; null is all well.</summary>
internal interface IChallengeAnswer
{
    /// <summary>As in RFC 8555: "dns-01".</summary>
    string Type { get; }

    /// <param name="name">Without "*.".</param>
    Task<string?> PublishAsync(string name, string token, string authorization, CancellationToken cancel);

    /// <summary>Returns when the authority would find it, or with a problem when that takes too long.</summary>
    Task<string?> WaitAsync(string name, string authorization, CancellationToken cancel);

    Task WithdrawAsync(string name, string token, string authorization, CancellationToken cancel);
}

/// <summary>RFC 8555 §8.3: what plain HTTP listeners answer below <see cref="Path"/>, for any Host.</summary>
public sealed class HttpChallenges : IChallengeAnswer
{
    public const string Path = "/.well-known/acme-challenge/";

    private readonly ConcurrentDictionary<string, string> _answers = new(StringComparer.Ordinal);

    string IChallengeAnswer.Type => "http-01";

    /// <summary>The body for this path; null when there is none.</summary>
    public string? Answer(string path) =>
        path.StartsWith(Path, StringComparison.Ordinal) && _answers.TryGetValue(path[Path.Length..], out var body) ? body : null;

    Task<string?> IChallengeAnswer.PublishAsync(string name, string token, string authorization, CancellationToken cancel)
    {
        _answers[token] = authorization;
        return Task.FromResult<string?>(null);
    }

    Task<string?> IChallengeAnswer.WaitAsync(string name, string authorization, CancellationToken cancel) => Task.FromResult<string?>(null);

    Task IChallengeAnswer.WithdrawAsync(string name, string token, string authorization, CancellationToken cancel)
    {
        _answers.TryRemove(token, out _);
        return Task.CompletedTask;
    }
}

/// <summary>
/// RFC 8555 §8.4: a TXT record at _acme-challenge. Values are added beside others and only our own are taken away, since base and
/// wildcard share the name, and so may several servers. The authority is told when every server of the zone shows the value: a
/// primary that signs inline publishes some time after its NOERROR, and secondaries later still.
/// </summary>
internal sealed class DnsChallenges(
    IDnsPublisher publisher, IResolver resolver, IReadOnlyList<IPEndPoint> checks, TimeSpan patience, ILogger log, TimeProvider clock)
        : IChallengeAnswer
{
    private readonly ZoneServers _servers = new(resolver, clock);
    private readonly Dictionary<string, string> _targets = new(StringComparer.Ordinal);

    public string Type => "dns-01";

    public async Task<string?> PublishAsync(string name, string token, string authorization, CancellationToken cancel)
    {
        _targets[name] = await TargetAsync($"_acme-challenge.{name}", cancel);
        return await publisher.AddTextAsync(_targets[name], Value(authorization), cancel) is { } problem
            ? $"the TXT record {_targets[name]} could not be set: {problem}" : null;
    }

    public async Task<string?> WaitAsync(string name, string authorization, CancellationToken cancel)
    {
        var (target, value) = (_targets[name], Value(authorization));
        var asked = checks.Count > 0 ? checks : (await _servers.FindAsync(target, cancel))?.Servers;
        if (asked is null) return $"no name server can be found for {target}: is the domain delegated, and does the resolver answer?";
        var missing = asked.ToList();
        var begun = clock.GetTimestamp();
        for (var wait = TimeSpan.FromMilliseconds(50); ; wait = wait * 2 > TimeSpan.FromSeconds(5) ? TimeSpan.FromSeconds(5) : wait * 2)
        {
            foreach (var server in missing.ToList())
                if (await _servers.TextsAsync(server, target, cancel) is { } texts && texts.Contains(value)) missing.Remove(server);
            if (missing.Count == 0) return null;
            if (clock.GetElapsedTime(begun) > patience)
                return $"{string.Join(", ", missing)} did not show the TXT record {target} within {patience.TotalSeconds:0} s: "
                    + "do they get changes from the primary (NOTIFY, transfer), and can this machine reach them on port 53?";
            await Task.Delay(wait, clock, cancel);
        }
    }

    public async Task WithdrawAsync(string name, string token, string authorization, CancellationToken cancel)
    {
        if (_targets.TryGetValue(name, out var target) && await publisher.RemoveTextAsync(target, Value(authorization), cancel) is { } problem)
            log.TextRecordLeft(target, problem);
    }

    internal static string Value(string authorization) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(authorization)));

    // A CNAME there leads to a zone made for it; the authority follows it too.
    private async Task<string> TargetAsync(string name, CancellationToken cancel) =>
        (await resolver.QueryAsync(name, DnsType.Cname, cancel)).Of<CnameRecord>().FirstOrDefault()?.Target ?? name;
}
