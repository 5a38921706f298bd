using System.Net;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>What of one stranger is counted by the minute; failed logins by ten minutes.</summary>
public enum ClientRate
{
    Connections, Messages, Recipients, RefusedRecipients, Commands, LoginConnections, FailedLogins,
}

/// <summary>So many at once, and so many in <paramref name="Per"/>.</summary>
internal readonly record struct Allowance(double Most, TimeSpan Per);

/// <summary>
/// The rates of clients (IPv4 address, IPv6 /64) and of the networks around them (/24, /48), which may do ten times as much as one client:
/// one customer of a provider has 65,536 clients in a /48. Apart from what is remembered of logins, so that strangers who fill it push
/// nobody out.
/// </summary>
internal sealed class ClientRates(TimeProvider clock)
{
    private const int MostKept = 100_000;
    private const double NetworkFactor = 10;

    private readonly BoundedTable<UInt128, Buckets> _clients = new(MostKept);
    private readonly BoundedTable<UInt128, Buckets> _networks = new(MostKept);

    public bool Take(IPAddress client, ClientRate rate, Allowance allowance) => Take(_clients, Networks.ClientKey(client), rate, allowance);

    public bool Has(IPAddress client, ClientRate rate, Allowance allowance) => Has(_clients, Networks.ClientKey(client), rate, allowance);

    public bool TakeOfNetwork(IPAddress client, ClientRate rate, Allowance allowance) =>
        Take(_networks, Networks.NetworkKey(client), rate, Wide(allowance));

    public bool NetworkHas(IPAddress client, ClientRate rate, Allowance allowance) =>
        Has(_networks, Networks.NetworkKey(client), rate, Wide(allowance));

    private static Allowance Wide(Allowance allowance) => allowance with { Most = allowance.Most * NetworkFactor };

    private bool Take(BoundedTable<UInt128, Buckets> table, UInt128 key, ClientRate rate, Allowance allowance)
    {
        var now = clock.GetTimestamp();
        return table.With(key, buckets => buckets.Of(rate).Take(allowance, now, clock));
    }

    private bool Has(BoundedTable<UInt128, Buckets> table, UInt128 key, ClientRate rate, Allowance allowance)
    {
        var now = clock.GetTimestamp();
        return table.With(key, buckets => buckets.Of(rate).Has(allowance, now, clock));
    }

    private sealed class Buckets
    {
        // Made when first used: most clients come once.
        private readonly TokenBucket?[] _byRate = new TokenBucket?[(int)ClientRate.FailedLogins + 1];

        public TokenBucket Of(ClientRate rate) => _byRate[(int)rate] ??= new();
    }
}

/// <summary>See <see cref="Allowance"/>. Used under the lock of its table.</summary>
internal sealed class TokenBucket
{
    private double _tokens = -1;
    private long _at;

    public bool Take(Allowance allowance, long now, TimeProvider clock)
    {
        if (!Has(allowance, now, clock)) return false;
        _tokens--;
        return true;
    }

    public bool Has(Allowance allowance, long now, TimeProvider clock)
    {
        _tokens = _tokens < 0
            ? allowance.Most : Math.Min(allowance.Most, _tokens + clock.GetElapsedTime(_at, now) / allowance.Per * allowance.Most);
        _at = now;
        return _tokens >= 1;
    }
}
