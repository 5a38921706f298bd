using System.Text.Json.Serialization;

namespace Aviso.Doctor;

/// <summary>What one account did on a day.</summary>
/// <param name="In">Copies put into its mailboxes.</param>
/// <param name="Out">Messages it sent.</param>
public sealed record AccountTally(long In, long Out);

/// <summary>One day of mail, by the server's local time. Never changed, replaced.</summary>
/// <param name="Counts">By <see cref="FlowWord"/>.</param>
/// <param name="Accounts">By the account's id; "" is all those for which there was no place.</param>
/// <param name="Used">Octets in use on the disk of the data folder when it was last looked at; 0: not known.</param>
public sealed record MailDay(
    DateOnly Day, IReadOnlyDictionary<string, long> Counts, IReadOnlyDictionary<string, AccountTally> Accounts, long Used);

/// <summary>When an account last logged in, as kept: Unix seconds UTC by the account's id.</summary>
internal sealed record LastLogins(IReadOnlyDictionary<string, long> At);

[JsonSerializable(typeof(MailDay))]
[JsonSerializable(typeof(LastLogins))]
internal sealed partial class DayJson : JsonSerializerContext;
