using System.Text.Json;
using static Aviso.Jmap.CardRules;

namespace Aviso.Jmap;

/// <summary>
/// The Card of RFC 9553 §2, as far as a card must keep to it; what is not named here is kept as it is (§1.7). RFC 9982 makes it version
/// 2.0 when the uid may be left out; here every card gets one, since RFC 9610 §3 tells cards apart by it.
/// </summary>
internal static class CardSchema
{
    /// <summary>Of a card that says none.</summary>
    public const string Version = "1.0";

    private const int MostOrder = int.MaxValue;

    // §1.5: what many types have.
    private static readonly CardProperty Contexts = new("contexts", Set), Pref = new("pref", Unsigned(1, 100)), Label = new("label", Text);

    // §2.2.1
    private static readonly CardRule Name = AtLeast(Object(
        "Name",
        new("components", List(Object("NameComponent", new("value", Text, true), new("kind", Full, true), new("phonetic", Text)))),
        new("isOrdered", Flag), new("defaultSeparator", Text), new("full", Text), new("sortAs", Map(Text)),
        new("phoneticScript", Text), new("phoneticSystem", Text)), "components", "full");

    // §2.2.3
    private static readonly CardRule Organization = AtLeast(Object(
        "Organization",
        new("name", Text), new("units", List(Object("OrgUnit", new("name", Text, true), new("sortAs", Text)))), new("sortAs", Text),
        Contexts), "name", "units");

    // §2.2.4
    private static readonly CardRule SpeakToAs = AtLeast(Object(
        "SpeakToAs", new("grammaticalGender", Text),
        new("pronouns", Ids(Object("Pronouns", new("pronouns", Text, true), Contexts, Pref)))), "grammaticalGender", "pronouns");

    // §2.5.1
    private static readonly CardRule Address = Object(
        "Address",
        new("components", List(Object("AddressComponent", new("value", Text, true), new("kind", Full, true), new("phonetic", Text)))),
        new("isOrdered", Flag), new("countryCode", Text), new("coordinates", Text), new("timeZone", Text), new("full", Text),
        new("defaultSeparator", Text), new("phoneticScript", Text), new("phoneticSystem", Text), Contexts, Pref);

    // §2.8.1
    private static readonly CardRule PartialDate = Object(
        "PartialDate", new("year", Unsigned(0, 9999)), new("month", Unsigned(1, 12)), new("day", Unsigned(1, 31)),
        new("calendarScale", Text));

    private static readonly CardRule Timestamp = Object("Timestamp", new("@type", One("Timestamp"), true), new("utc", Date, true));

    private static readonly CardRule Anniversary = Object(
        "Anniversary", new("kind", Full, true), new("date", AnyDate, true), new("place", Address));

    // §2.8.3
    private static readonly CardRule Note = Object(
        "Note", new("note", Text, true), new("created", Date),
        new("author", AtLeast(Object("Author", new("name", Text), new("uri", Text)), "name", "uri")));

    private static readonly CardRule Card = Object(
        "Card",
        new("@type", One("Card"), true), new("version", One(Version, "2.0"), true), new("uid", Full, true),
        new("created", Date), new("updated", Date), new("kind", Full), new("language", Text), new("members", Set), new("prodId", Text),
        new("relatedTo", Map(Object("Relation", new CardProperty("relation", Set)))),
        new("name", Name), new("nicknames", Ids(Object("Nickname", new("name", Text, true), Contexts, Pref))),
        new("organizations", Ids(Organization)), new("speakToAs", SpeakToAs),
        new("titles", Ids(Object("Title", new("name", Text, true), new("kind", Full), new("organizationId", Id)))),
        new("emails", Ids(Object("EmailAddress", new("address", Full, true), Contexts, Pref, Label))),
        new("onlineServices", Ids(
            Object("OnlineService", new("service", Text), new("uri", Text), new("user", Text), Contexts, Pref, Label))),
        new("phones", Ids(Object("Phone", new("number", Text, true), new("features", Set), Contexts, Pref, Label))),
        new("preferredLanguages", Ids(Object("LanguagePref", new("language", Text, true), Contexts, Pref))),
        new("calendars", Ids(Resource("Calendar", true))),
        new("schedulingAddresses", Ids(Object("SchedulingAddress", new("uri", Full, true), Contexts, Pref, Label))),
        new("addresses", Ids(Address)), new("cryptoKeys", Ids(Resource("CryptoKey", false))),
        new("directories", Ids(Resource("Directory", true, new CardProperty("listAs", Unsigned(1, MostOrder))))),
        new("links", Ids(Resource("Link", false))), new("media", Ids(Resource("Media", true))),
        new("localizations", Map(static (value, path, faults) =>
        {
            if (value.ValueKind != JsonValueKind.Object) faults.Add(path, "no object");
        })),
        new("anniversaries", Ids(Anniversary)), new("keywords", Set), new("notes", Ids(Note)),
        new("personalInfo", Ids(Object(
            "PersonalInfo", new("kind", Full, true), new("value", Text, true), new("level", Text),
            new("listAs", Unsigned(1, MostOrder)), Label))));

    /// <summary>Null when the card keeps to all of it.</summary>
    public static SetError? Check(JsonElement card)
    {
        var faults = new CardFaults();
        Card(card, "", faults);
        // §2.1.6: only a group has members.
        if (card.TryGetProperty("members"u8, out _)
            && !(card.TryGetProperty("kind"u8, out var kind) && kind.ValueKind == JsonValueKind.String && kind.ValueEquals("group"u8)))
            faults.Add("members", "the card's kind is not group");
        return faults.Error;
    }

    // §1.4.4
    private static CardRule Resource(string type, bool hasKind, params CardProperty[] more) => Object(
        type,
        [new("kind", Full, hasKind), new("uri", Full, true), new("mediaType", Text), Contexts, Pref, Label, .. more]);

    // §2.8.1: a PartialDate unless it says that it is a Timestamp.
    private static void AnyDate(JsonElement value, string path, CardFaults faults)
    {
        var isTimestamp = value.ValueKind == JsonValueKind.Object && value.TryGetProperty("@type"u8, out var type)
            && type.ValueKind == JsonValueKind.String && type.ValueEquals("Timestamp"u8);
        (isTimestamp ? Timestamp : PartialDate)(value, path, faults);
    }
}
