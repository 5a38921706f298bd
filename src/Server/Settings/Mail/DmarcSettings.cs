using Aviso.Delivery;

namespace Aviso.Settings;

public sealed class DmarcSection : SettingsSection
{
    internal static readonly Table<DmarcSection> Table = new("Mail that fails DMARC (RFC 7489): its author's domain does not stand behind it.");

    public DmarcAction Reject => Get(RejectKey);

    private static readonly Key<DmarcAction> RejectKey = new(Table, "reject",
        Types.Words("action", ("refuse", DmarcAction.Refuse), ("junk", DmarcAction.Junk), ("score", DmarcAction.Score)), DmarcAction.Refuse,
        "What is done when the domain asks for rejection and no trusted sealer (`mail_auth.trusted_sealers`) and no allow list speaks for the message. "
        + "refuse: 550 5.7.1, also for mail without a readable From. junk: it is filed in Junk, as is what the domain wants quarantined. "
        + "score: it only counts points of the filter.")
    { Example = "junk" };
}
