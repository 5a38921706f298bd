using Aviso.Base;
using Aviso.Delivery;

namespace Aviso.Settings;

public sealed class SendingSection : SettingsSection
{
    internal static readonly Table<SendingSection> Table = new("What one account may send to addresses elsewhere; mail between accounts here is not counted.");

    public int MessagesPerHour => Get(MessagesPerHourKey);

    private static readonly Key<int> MessagesPerHourKey = new(Table, "messages_per_hour", Types.Number(1, 100_000_000), 500,
        "Messages of one account; a client is told to try again later (450).")
    { Example = "100" };

    public int MessagesPerDay => Get(MessagesPerDayKey);

    private static readonly Key<int> MessagesPerDayKey = new(Table, "messages_per_day", Types.Number(1, 100_000_000), 2000,
        "Messages of one account in a day.")
    { Example = "500" };

    public int RecipientsPerHour => Get(RecipientsPerHourKey);

    private static readonly Key<int> RecipientsPerHourKey = new(Table, "recipients_per_hour", Types.Number(1, 100_000_000), 1000,
        "Recipients of one account; a first message may have more.")
    { Example = "300" };

    public int RecipientsPerDay => Get(RecipientsPerDayKey);

    private static readonly Key<int> RecipientsPerDayKey = new(Table, "recipients_per_day", Types.Number(1, 100_000_000), 5000,
        "Recipients of one account in a day.")
    { Example = "1000" };

    public int NewRecipients => Get(NewRecipientsKey);

    private static readonly Key<int> NewRecipientsKey = new(Table, "new_recipients", Types.Number(1, 100_000_000), 50,
        "More people than this to whom an account never wrote, within an hour, look like a stolen password: what the account has in the "
        + "queue is held, its owner and the postmaster are told, `aviso account release` lets it go. Nothing is dropped.")
    { Example = "100" };

    public double NewRecipientsFactor => Get(NewRecipientsFactorKey);

    private static readonly Key<double> NewRecipientsFactorKey = new(Table, "new_recipients_factor", Types.Score, 5,
        "An account that often writes to new people may write to so many times its usual number of them.")
    { Example = "10" };

    public IReadOnlyList<string> Unlimited => Get(UnlimitedKey);

    private static readonly Key<IReadOnlyList<string>> UnlimitedKey = new(Table, "unlimited", Types.ListOf(Types.Address), [],
        "Accounts without these limits, such as that of a newsletter.")
    { Example = "[news@example.org]" };
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class SendingMapping
{
    public static SendingLimits Sending(ServerSettings settings) => new()
    {
        MessagesPerHour = settings.Sending.MessagesPerHour,
        MessagesPerDay = settings.Sending.MessagesPerDay,
        RecipientsPerHour = settings.Sending.RecipientsPerHour,
        RecipientsPerDay = settings.Sending.RecipientsPerDay,
        NewRecipients = settings.Sending.NewRecipients,
        Factor = settings.Sending.NewRecipientsFactor,
        Unlimited = settings.Sending.Unlimited.ToHashSet(AddressComparer.Instance),
    };
}
