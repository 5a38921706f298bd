using System.Text;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What an email is compared by under one comparator: a number, or a text by the collation's key.</summary>
internal readonly record struct SortKey(long Number, string Text)
{
    public static SortKey Of(bool value) => new(value ? 1 : 0, "");

    /// <summary>RFC 8621 §4.4.2, for what the picture of the account has.</summary>
    public static SortKey OfRow(EmailComparator comparator, AccountMail mail, in EmailRow row)
    {
        if (comparator.Property == SortProperty.ReceivedAt) return new(row.ReceivedAt, "");
        if (comparator.Property == SortProperty.Size) return new(row.Size, "");
        var keyword = mail.Keywords.Find(comparator.Keyword);
        return Of(comparator.Property switch
        {
            SortProperty.AllInThreadHaveKeyword => mail.Thread(row.Thread).All(other => mail.Has(other, keyword)),
            SortProperty.SomeInThreadHaveKeyword => mail.Thread(row.Thread).Any(other => mail.Has(other, keyword)),
            _ => mail.Has(row, keyword),
        });
    }

    /// <summary>And for what the store keeps of the message.</summary>
    public static SortKey OfColumns(EmailComparator comparator, in EmailRow row, scoped in ShownEmail email)
    {
        switch (comparator.Property)
        {
            case SortProperty.SentAt:
                return new(Sent(email.Envelope) ?? row.ReceivedAt, "");
            case SortProperty.Subject:
                return new(0, comparator.Collation.Key(BaseSubject.Of(EnvelopeReader.Subject(email.Envelope)).Base));
            default:
                var which = comparator.Property == SortProperty.To ? EnvelopeReader.To : EnvelopeReader.From;
                return new(0, comparator.Collation.Key(First(EnvelopeReader.AddressList(email.Envelope, which) ?? [])));
        }
    }

    // The name of the first address, else the address.
    private static string First(IReadOnlyList<HeaderAddress> list)
    {
        if (AddressList.Mailboxes(list).FirstOrDefault() is not { } address) return "";
        return HeaderText.Strict(address.RawName).Trim() is { Length: > 0 } name ? name : address.Address;
    }

    // RFC 5256 §2.2: without a Date that can be read, when it was received.
    private static long? Sent(ReadOnlySpan<byte> envelope) =>
        EnvelopeReader.Text(envelope, EnvelopeReader.Date) is { } text && MailDate.TryParse(Encoding.UTF8.GetBytes(text), out var date)
            ? date.ToUnixTimeSeconds() : null;
}

/// <summary>An email of a result, with what it is sorted by.</summary>
/// <param name="Keys">One for each comparator; empty where the order is that of the account's picture.</param>
internal sealed record SortedEmail(EmailId Id, ThreadId Thread, long ReceivedAt, SortKey[] Keys);

/// <summary>The order of a plan; equal to the end are an email and itself only.</summary>
internal sealed class EmailOrder(EmailQueryPlan plan) : IComparer<SortedEmail>
{
    public int Compare(SortedEmail? a, SortedEmail? b)
    {
        if (a is null || b is null) return (a is null ? 0 : 1) - (b is null ? 0 : 1);
        for (var i = 0; i < a.Keys.Length; i++)
        {
            var order = a.Keys[i].Number.CompareTo(b.Keys[i].Number);
            if (order == 0) order = Collation.Compare(a.Keys[i].Text, b.Keys[i].Text);
            if (order != 0) return plan.Sort[i].IsAscending ? order : -order;
        }
        var age = a.ReceivedAt.CompareTo(b.ReceivedAt) is not 0 and var received ? received : a.Id.Value.CompareTo(b.Id.Value);
        return plan.IsOldestFirst ? age : -age;
    }
}
