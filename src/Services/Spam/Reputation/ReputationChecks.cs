using System.Globalization;

namespace Aviso.Spam;

/// <summary>
/// REP_ADDRESS, REP_DOMAIN and REP_NETWORK: what came from there before; FIRST_CONTACT: never heard of; FRESH_URL: links to domains that
/// nobody sent here before.
/// </summary>
public sealed class ReputationCheck(Reputation reputation) : ISpamCheck
{
    private const double AddressPoints = 3;
    private const double DomainPoints = 2;
    private const double NetworkPoints = 2;

    // An unproven name may be anybody's: it can only speak against.
    private const double UnprovenShare = 0.5;
    private const double FreshPoints = 0.7;

    // Before so many names are known, everything is fresh.
    private const int NamesBeforeFresh = 2000;
    private static readonly long FreshSeconds = (long)TimeSpan.FromDays(1).TotalSeconds;

    public string Name => "reputation";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var header = context.Content.Header;
        var proven = Reputation.IsProven(context.Input);
        var known = false;
        if (header.FromAddress is { Length: > 0 } address)
            known |= Add(context, "REP_ADDRESS", address, Reputation.Name('a', address, proven), proven
                ? AddressPoints : AddressPoints * UnprovenShare, proven);
        if (header.FromDomain is { Length: > 0 } domain)
            known |= Add(context, "REP_DOMAIN", domain, Reputation.Name('d', domain, proven), proven
                ? DomainPoints : DomainPoints * UnprovenShare, proven);
        if (context.Input.Client is { } client && !context.Input.IsInternal)
        {
            var network = Reputation.NetworkOf(client);
            Add(context, "REP_NETWORK", network, Reputation.Name('n', network, true), NetworkPoints, mayPraise: true, isNetwork: true);
        }
        if (!known && header.FromDomain.Length > 0) context.Add("FIRST_CONTACT", 0, $"nothing came from {header.FromDomain} before");
        if (reputation.Count >= NamesBeforeFresh) Links(context);
        return default;
    }

    private bool Add(SpamContext context, string symbol, string who, ulong name, double points, bool mayPraise, bool isNetwork = false)
    {
        if (reputation.Of(name) is not { } standing) return false;
        if (mayPraise && !isNetwork && standing.Ham >= 1 && standing.Ham > standing.Spam) context.Mark(SenderLinksCheck.KnownMark);
        var score = Math.Round(standing.Badness * points, 2);
        if (Math.Abs(score) >= 0.1 && (score > 0 || mayPraise))
        {
            context.Add(symbol, score, string.Create(CultureInfo.InvariantCulture,
                $"{who}: {standing.Spam:0.#} bad and {standing.Ham:0.#} good messages lately"));
        }
        return true;
    }

    private void Links(SpamContext context)
    {
        var now = context.Now.ToUnixTimeSeconds();
        foreach (var url in context.Content.Urls)
        {
            if (url.IsAddress || reputation.Of(Reputation.Name('u', url.Domain, true)) is { } seen && now - seen.FirstSeen > FreshSeconds) continue;
            context.Add("FRESH_URL", FreshPoints, $"nobody sent links to {url.Domain} before today");
            return;
        }
    }
}

/// <summary>
/// Notes what came of a message, last of all checks. Its own points do not count for it, so that reputation does not feed on itself. Only
/// in the filter of arriving mail: who scans a file teaches nothing.
/// </summary>
public sealed class ReputationNotes(Reputation reputation) : ISpamCheck
{
    private const double SurelySpam = 8;
    private const double SurelyHam = 0;
    private const int MostUrls = 50;

    public string Name => "reputation-notes";

    public SpamPhase Phase => SpamPhase.Final;

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        // It is noted when it comes again.
        if (context.Asked == SpamAction.Greylist) return default;
        var score = context.Symbols.Where(s => !s.Name.StartsWith("REP_", StringComparison.Ordinal)).Sum(s => s.Score);
        var (ham, spam) = score >= SurelySpam ? (0f, 1f) : score <= SurelyHam ? (1f, 0f) : (0f, 0f);
        var header = context.Content.Header;
        var proven = Reputation.IsProven(context.Input);
        if (header.FromAddress is { Length: > 0 } address) reputation.Note(Reputation.Name('a', address, proven), ham, spam);
        if (header.FromDomain is { Length: > 0 } domain) reputation.Note(Reputation.Name('d', domain, proven), ham, spam);
        if (context.Input.Client is { } client && !context.Input.IsInternal) reputation.Note(Reputation.Name('n', Reputation.NetworkOf(client), true), ham, spam);
        foreach (var url in context.Content.Urls.Take(MostUrls))
            if (!url.IsAddress) reputation.Note(Reputation.Name('u', url.Domain, true), ham, spam);
        return default;
    }
}
