namespace Aviso.Jmap;

/// <summary>
/// JMAP for Contacts (RFC 9610). This room owns address books and cards, documents of their account ("contact-book", "contact-card", and a
/// log of changes beside each). Rules: one address book is the default; a card is in one book at least and has a uid of its own; what this
/// server does not know of a card is kept as it came.
/// </summary>
internal static class ContactsFeature
{
    public static Feature Of(JmapRooms rooms)
    {
        var (contacts, limits) = (rooms.Contacts, rooms.Limits);
        return new(new(Capabilities.Contacts)
        {
            // Whom somebody knows is as private as the letters to them.
            IsFor = static user => user.SeesMail,
            Account = static (writer, user) =>
            {
                writer.WriteNull("maxAddressBooksPerCard"u8);
                writer.WriteBoolean("mayCreateAddressBook"u8, user.MayChange);
            },
        },
        [
            new AddressBookGet(contacts, limits), new AddressBookChanges(contacts, limits),
            new AddressBookSet(contacts, rooms.Feed, limits),
            new ContactCardGet(contacts, limits), new ContactCardChanges(contacts, limits),
            .. ShortQuery.MethodsOf(new ContactCardQuery(contacts, limits), limits),
            new ContactCardSet(contacts, rooms.Blobs, rooms.Feed, limits), new ContactCardCopy(limits),
        ]);
    }
}
