using System.Collections.Frozen;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>
/// Who may send as which address. An account may always use its own address (with any detail, and in domains that are aliases of
/// its own) and addresses whose alias or pattern leads to it alone; a catch-all and the postmaster rule give no right. Everything
/// else needs a grant: an address or a pattern such as <c>*@example.org</c>.
/// </summary>
public sealed class SendAsGrants
{
    public static readonly SendAsGrants None = new(AddressTable.Empty, []);

    private readonly AddressTable _table;
    private readonly FrozenDictionary<long, Grant[]> _grants;

    internal SendAsGrants(AddressTable table, IEnumerable<(AccountId Account, IReadOnlyList<string> SendAs)> grants)
    {
        _table = table;
        _grants = grants.Where(g => g.SendAs.Count > 0)
            .ToFrozenDictionary(g => g.Account.Value, g => g.SendAs.Select(Grant.Read).OfType<Grant>().ToArray());
    }

    /// <summary>May this account use <paramref name="address"/> as envelope sender, From or Sender.</summary>
    public bool MaySendAs(AccountId account, string address)
    {
        if (!AddressKey.TryParse(address, out var key)) return false;
        var way = _table.Resolve(key.LocalPart, key.Domain);
        if (way.Kind == ResolutionKind.Found && way.Local.Count > 0 && way.Local[0].Account == account
            && (way.Step == ResolutionStep.Mailbox
                || (way.Step is ResolutionStep.Alias or ResolutionStep.Pattern && way.Local.Count == 1 && way.External.Count == 0)))
            return true;
        return _grants.TryGetValue(account.Value, out var grants) && Array.Exists(grants, g => g.Covers(key));
    }

    /// <summary>Is the address one of these, or of these patterns? For what limits a grant further.</summary>
    public static bool Covers(IReadOnlyList<string> patterns, string address) =>
        AddressKey.TryParse(address, out var key) && patterns.Any(p => Grant.Read(p) is { } grant && grant.Covers(key));

    /// <summary>True when a grant can be written so.</summary>
    public static bool IsGrant(string text) => Grant.Read(text) is not null;

    private sealed record Grant(string[] Pieces, string Domain)
    {
        public bool Covers(AddressKey key) => key.Domain == Domain && LocalPattern.Matches(Pieces, key.LocalPart);

        public static Grant? Read(string text)
        {
            if (text.StartsWith('@')) text = "*" + text;
            return AddressKey.TryParse(text, out var key) ? new(key.LocalPart.Split('*'), key.Domain) : null;
        }
    }
}
