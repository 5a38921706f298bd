namespace Aviso.Jmap;

/// <summary>Message disposition notifications, the receipts of people (RFC 9007).</summary>
internal static class ReceiptFeature
{
    public static Feature Of(JmapRooms rooms) => new(new(Capabilities.Mdn) { IsFor = static user => user.SeesMail },
    [
        new MdnSend(rooms.Mail, rooms.Identities, rooms.Submitter, new(rooms.Services), rooms.Services.MaySendAs, rooms.Limits),
        new MdnParse(rooms.Mail, rooms.Limits),
    ]);
}
