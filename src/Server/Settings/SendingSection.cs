namespace Aviso.Settings;

public sealed class SendingSection : SettingsSection
{
    public int MessagesPerHour { get; private set; } = 500;

    public int MessagesPerDay { get; private set; } = 2000;

    public int RecipientsPerHour { get; private set; } = 1000;

    public int RecipientsPerDay { get; private set; } = 5000;

    public int NewRecipients { get; private set; } = 50;

    public double NewRecipientsFactor { get; private set; } = 5;

    public IReadOnlyList<string> Unlimited { get; private set; } = [];

    internal static readonly Table<SendingSection> Table = new("What one account may send to addresses elsewhere; mail between accounts here is not counted.",
    [
        new Key<SendingSection, int>("messages_per_hour", Types.Number(1, 100_000_000), s => s.MessagesPerHour, (s, v) => s.MessagesPerHour = v,
            "Messages of one account; a client is told to try again later (450).") { Example = "100" },
        new Key<SendingSection, int>("messages_per_day", Types.Number(1, 100_000_000), s => s.MessagesPerDay, (s, v) => s.MessagesPerDay = v,
            "Messages of one account in a day.") { Example = "500" },
        new Key<SendingSection, int>("recipients_per_hour", Types.Number(1, 100_000_000), s => s.RecipientsPerHour, (s, v) => s.RecipientsPerHour = v,
            "Recipients of one account; a first message may have more.") { Example = "300" },
        new Key<SendingSection, int>("recipients_per_day", Types.Number(1, 100_000_000), s => s.RecipientsPerDay, (s, v) => s.RecipientsPerDay = v,
            "Recipients of one account in a day.") { Example = "1000" },
        new Key<SendingSection, int>("new_recipients", Types.Number(1, 100_000_000), s => s.NewRecipients, (s, v) => s.NewRecipients = v,
            "More people than this to whom an account never wrote, within an hour, look like a stolen password: what the account has in the "
            + "queue is held, its owner and the postmaster are told, `aviso account release` lets it go. Nothing is dropped.") { Example = "100" },
        new Key<SendingSection, double>("new_recipients_factor", Types.Score, s => s.NewRecipientsFactor, (s, v) => s.NewRecipientsFactor = v,
            "An account that often writes to new people may write to so many times its usual number of them.") { Example = "10" },
        new Key<SendingSection, IReadOnlyList<string>>("unlimited", Types.ListOf(Types.Address), s => s.Unlimited, (s, v) => s.Unlimited = v,
            "Accounts without these limits, such as that of a newsletter.") { Example = "[news@example.org]" },
    ]);
}
