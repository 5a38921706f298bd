using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>
/// One try to get one certificate from one authority, in the order of RFC 8555 §7: account, order, authorizations, challenges,
/// finalization, certificate. Each step answers null, or why it ends here.
/// </summary>
internal sealed class AcmeOrder(
    AcmeClient client, WantedCertificate wanted, IChallengeAnswer answer, string contact, string keyPem, TimeProvider clock)
{
    // An authority that has not decided by then has a fault; the order is made again later.
    private static readonly TimeSpan DecisionPatience = TimeSpan.FromMinutes(3);

    private readonly List<(string Name, string Token)> _published = [];
    private readonly List<(string Authorization, string Challenge, string Name)> _asked = [];
    private string _order = "";
    private AcmeReply _state = AcmeReply.None;
    private bool _accountTriedAnew;

    /// <summary>The chain as PEM, leaf first; set when <see cref="RunAsync"/> answers null.</summary>
    public string Chain { get; private set; } = "";

    /// <summary>Its private key as PEM.</summary>
    public string KeyPem => keyPem;

    /// <param name="replaces">RFC 9773 §5: the certificate this one follows; empty for none.</param>
    public async Task<AcmeFailure?> RunAsync(string replaces, CancellationToken cancel)
    {
        try
        {
            return await client.OpenAsync(cancel) ?? await AccountAsync(cancel) ?? await OrderAsync(replaces, cancel)
                ?? await PublishAsync(cancel) ?? await ProveAsync(cancel) ?? await FinalizeAsync(cancel) ?? await DownloadAsync(cancel);
        }
        finally
        {
            await WithdrawAsync();
        }
    }

    // RFC 8555 §7.3: an account made with this key before is found again.
    private async Task<AcmeFailure?> AccountAsync(CancellationToken cancel)
    {
        if (client.Account is not null) return null;
        var request = new JsonObject { ["termsOfServiceAgreed"] = true };
        if (contact.Length > 0) request["contact"] = new JsonArray($"mailto:{contact}");
        if (client.Authority.Binding is { } binding) request["externalAccountBinding"] = client.Key.Bind(binding, client["newAccount"]);
        var reply = await client.PostAsync(client["newAccount"], request, cancel);
        if (reply.Failure is { } failure) return failure;
        if (reply.Location.Length == 0) return new("other", $"{client.Authority.Name} made an account without saying where");
        client.Account = reply.Location;
        return null;
    }

    private async Task<AcmeFailure?> OrderAsync(string replaces, CancellationToken cancel)
    {
        var request = new JsonObject
        {
            ["identifiers"] = new JsonArray([.. wanted.Names.Select(n => (JsonNode)new JsonObject { ["type"] = "dns", ["value"] = n })]),
        };
        if (replaces.Length > 0 && client.RenewalInfo.Length > 0) request["replaces"] = replaces;
        _state = await client.PostAsync(client["newOrder"], request, cancel);
        if (AcmeProblem.Is(_state.Failure, "accountDoesNotExist") && !_accountTriedAnew)
        {
            (_accountTriedAnew, client.Account) = (true, null);
            return await AccountAsync(cancel) ?? await OrderAsync(replaces, cancel);
        }
        if (AcmeProblem.Is(_state.Failure, "alreadyReplaced") && replaces.Length > 0) return await OrderAsync("", cancel);
        _order = _state.Location;
        return _state.Failure
            ?? (_order.Length == 0 ? new("other", $"{client.Authority.Name} took an order without saying where it is") : null);
    }

    // RFC 8555 §7.5: all answers stand ready before the first challenge is begun; base and wildcard share one name in the DNS.
    private async Task<AcmeFailure?> PublishAsync(CancellationToken cancel)
    {
        var authorizations = (_state.Body?["authorizations"] as JsonArray ?? []).OfType<JsonValue>()
            .Select(v => v.TryGetValue<string>(out var url) ? url : "").ToList();
        if (authorizations.Count > 100) return new("other", $"{client.Authority.Name} wants {authorizations.Count} proofs");
        foreach (var url in authorizations)
        {
            var authorization = await client.PostAsync(url, null, cancel);
            if (authorization.Failure is { } failure) return failure;
            if (authorization["status"] == "valid") continue;
            var name = AcmeJson.Text(authorization.Body?["identifier"] as JsonObject, "value").ToLowerInvariant();
            var offered = AcmeJson.Objects(authorization.Body, "challenges").ToList();
            if (offered.Find(c => AcmeJson.Text(c, "type") == answer.Type) is not { } challenge)
                return new("challenge", $"{client.Authority.Name} does not take {answer.Type} for {name}, only "
                    + $"{string.Join(", ", offered.Select(c => AcmeJson.Text(c, "type")))}: change `tls.acme.challenge`");
            var token = AcmeJson.Text(challenge, "token");
            // RFC 8555 §8.1: base64url characters only; it becomes part of a path.
            if (token.Length is 0 or > 256 || !token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
                return new("challenge", $"{client.Authority.Name} gave a token that is none");
            if (!wanted.Names.Any(n => n == name || n == "*." + name)) return new(
                "challenge", $"{client.Authority.Name} asks about {name}, which was not ordered");
            _published.Add((name, token));
            _asked.Add((url, AcmeJson.Text(challenge, "url"), name));
            if (await answer.PublishAsync(name, token, client.Key.Authorize(token), cancel) is { } problem) return new("publish", problem);
        }
        foreach (var (name, token) in _published)
            if (await answer.WaitAsync(name, client.Key.Authorize(token), cancel) is { } problem) return new("propagation", problem);
        return null;
    }

    private async Task<AcmeFailure?> ProveAsync(CancellationToken cancel)
    {
        foreach (var (_, challenge, _) in _asked)
            if ((await client.PostAsync(challenge, [], cancel)).Failure is { } failure) return failure;
        foreach (var (authorization, _, name) in _asked)
        {
            var reply = await UntilAsync(authorization, s => s is not ("pending" or "processing"), cancel);
            if (reply.Failure is { } failure) return failure;
            if (reply["status"] == "valid") continue;
            var error = AcmeJson.Objects(reply.Body, "challenges").Select(c => c["error"] as JsonObject).FirstOrDefault(e => e is not null);
            return AcmeProblem.Read(
                error, reply.Status, $"{client.Authority.Name} could not prove {name} by {answer.Type}", reply.RetryAfter);
        }
        return null;
    }

    private async Task<AcmeFailure?> FinalizeAsync(CancellationToken cancel)
    {
        _state = await UntilAsync(_order, s => s is not "pending", cancel);
        if (_state.Failure is { } unwell) return unwell;
        if (_state["status"] == "valid") return new("other", $"{client.Authority.Name} finished an order that was not finalized");
        using var key = ECDsa.Create();
        key.ImportFromPem(keyPem);
        var sent = await client.PostAsync(_state["finalize"], new() { ["csr"] = Base64Url.EncodeToString(SigningRequest(key)) }, cancel);
        if (sent.Failure is { } failure) return failure;
        _state = await UntilAsync(_order, s => s is "valid" or "invalid", cancel);
        return _state.Failure ?? (_state["status"] == "valid" ? null
            : AcmeProblem.Read(_state.Body?["error"] as JsonObject, _state.Status, client.Authority.Name, _state.RetryAfter));
    }

    private byte[] SigningRequest(ECDsa key)
    {
        // The common name is left out: it is limited to 64 octets and nobody reads it (CA/B Forum BR 7.1.4.3).
        var request = new CertificateRequest(new X500DistinguishedName([0x30, 0x00]), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in wanted.Names) names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build(critical: true));
        return request.CreateSigningRequest();
    }

    private async Task<AcmeFailure?> DownloadAsync(CancellationToken cancel)
    {
        var reply = await client.PostAsync(_state["certificate"], null, cancel);
        if (reply.Failure is { } failure) return failure;
        Chain = reply.Text;
        try
        {
            using var leaf = X509Certificate2.CreateFromPem(Chain, keyPem);
            if (wanted.Names.FirstOrDefault(n => !Covers(leaf, n)) is { } missing)
                return new("certificate", $"{client.Authority.Name} gave a certificate without {missing}");
            return leaf.NotAfter.ToUniversalTime() > clock.GetUtcNow().UtcDateTime ? null
                : new("certificate", $"{client.Authority.Name} gave a certificate that is over already: set this machine's clock");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return new("certificate", $"{client.Authority.Name} gave a certificate that cannot be used: {e.Message}");
        }
    }

    internal static bool Covers(X509Certificate2 leaf, string name) => leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>()
        .SelectMany(e => e.EnumerateDnsNames()).Contains(name, StringComparer.OrdinalIgnoreCase);

    // RFC 8555 §7.5.1: poll, as often as Retry-After says, else soon and then less often.
    private async Task<AcmeReply> UntilAsync(string url, Func<string, bool> decided, CancellationToken cancel)
    {
        var begun = clock.GetTimestamp();
        for (var wait = TimeSpan.FromMilliseconds(200); ; wait = Min(wait * 2, TimeSpan.FromSeconds(5)))
        {
            var reply = await client.PostAsync(url, null, cancel);
            if (reply.Failure is not null || decided(reply["status"])) return reply;
            if (clock.GetElapsedTime(begun) > DecisionPatience)
                return reply with { Failure = new("timeout", $"{client.Authority.Name} did not decide within {DecisionPatience.TotalMinutes:0} minutes") };
            await Task.Delay(reply.RetryAfter is { } wish && wish > TimeSpan.Zero ? Min(wish, TimeSpan.FromSeconds(30)) : wait, clock, cancel);
        }
    }

    // Also when the try was cut short: what was published is ours to take away.
    private async Task WithdrawAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20), clock);
        foreach (var (name, token) in _published)
        {
            try
            {
                await answer.WithdrawAsync(name, token, client.Key.Authorize(token), patience.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
