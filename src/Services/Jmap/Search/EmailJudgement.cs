using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What is known of a condition so far.</summary>
internal enum Truth : byte
{
    No, Yes, Unknown,
}

internal delegate bool RowTest(in EmailRow row);

internal delegate bool ColumnTest(scoped in ShownEmail email);

/// <summary>
/// A filter made ready for one picture of an account. It is asked up to three times about an email, each time with more in hand: its row in
/// the picture, what the store keeps of the message, its octets.
/// </summary>
internal abstract class EmailJudgement
{
    /// <param name="known">The columns in <paramref name="email"/> are there.</param>
    /// <param name="text">Null before the message is open.</param>
    public abstract Truth Of(in EmailRow row, bool known, scoped in ShownEmail email, EmailText? text);

    public sealed class ByRow(RowTest test) : EmailJudgement
    {
        public override Truth Of(in EmailRow row, bool known, scoped in ShownEmail email, EmailText? text) =>
            test(row) ? Truth.Yes : Truth.No;
    }

    public sealed class ByColumns(ColumnTest test) : EmailJudgement
    {
        public override Truth Of(in EmailRow row, bool known, scoped in ShownEmail email, EmailText? text) =>
            !known ? Truth.Unknown : test(email) ? Truth.Yes : Truth.No;
    }

    /// <param name="candidates">Others cannot match; null: any may.</param>
    public sealed class ByText(Func<EmailText, bool> test, IReadOnlyList<SearchCandidates> candidates) : EmailJudgement
    {
        public override Truth Of(in EmailRow row, bool known, scoped in ShownEmail email, EmailText? text)
        {
            foreach (var some in candidates)
            {
                if (!some.Hits.Contains(row.Id) && !some.Unindexed.Contains(row.Id)) return Truth.No;
            }
            return text is null ? Truth.Unknown : test(text) ? Truth.Yes : Truth.No;
        }
    }

    /// <summary>RFC 8620 §5.5: AND, OR, NOT ("none of the conditions").</summary>
    public sealed class Joined(FilterOperator kind, IReadOnlyList<EmailJudgement> all) : EmailJudgement
    {
        public override Truth Of(in EmailRow row, bool known, scoped in ShownEmail email, EmailText? text)
        {
            var decisive = kind == FilterOperator.And ? Truth.No : Truth.Yes;
            var isUnknown = false;
            foreach (var one in all)
            {
                var truth = one.Of(row, known, email, text);
                if (truth == decisive) return kind == FilterOperator.Not ? Truth.No : decisive;
                isUnknown |= truth == Truth.Unknown;
            }
            return isUnknown ? Truth.Unknown : kind == FilterOperator.Or ? Truth.No : Truth.Yes;
        }
    }
}

/// <summary>Makes filters ready.</summary>
internal sealed class EmailJudgements(IMailStore store, AccountMail mail)
{
    /// <summary>Null: every email matches.</summary>
    public async Task<EmailJudgement?> OfAsync(FilterNode<IReadOnlyList<EmailCondition>>? filter, CancellationToken cancel)
    {
        switch (filter)
        {
            case FilterNode<IReadOnlyList<EmailCondition>>.Condition condition:
                var all = new List<EmailJudgement>();
                foreach (var one in condition.Value) all.Add(await OfAsync(one, cancel));
                return all.Count == 1 ? all[0] : new EmailJudgement.Joined(FilterOperator.And, all);
            case FilterNode<IReadOnlyList<EmailCondition>>.Operator joined:
                var inner = new List<EmailJudgement>();
                foreach (var one in joined.Conditions)
                    if (await OfAsync(one, cancel) is { } judgement) inner.Add(judgement);
                return new EmailJudgement.Joined(joined.Kind, inner);
            default:
                return null;
        }
    }

    private async Task<EmailJudgement> OfAsync(EmailCondition one, CancellationToken cancel)
    {
        switch (one.Kind)
        {
            case ConditionKind.Body:
                return new EmailJudgement.ByText(text => text.BodyHas(one.Terms), await CandidatesAsync(one.Terms, cancel));
            case ConditionKind.Text:
                return new EmailJudgement.ByText(text => text.AnywhereHas(one.Terms), await CandidatesAsync(one.Terms, cancel));
            case ConditionKind.Header:
                return new EmailJudgement.ByText(text => text.FieldHas(one.Name, one.Terms), await CandidatesAsync(one.Terms, cancel));
            case ConditionKind.HasAttachment or (>= ConditionKind.From and <= ConditionKind.Subject):
                return new EmailJudgement.ByColumns(OfColumns(one));
            default:
                return new EmailJudgement.ByRow(OfRow(one));
        }
    }

    private async Task<IReadOnlyList<SearchCandidates>> CandidatesAsync(IReadOnlyList<SearchTerm> terms, CancellationToken cancel)
    {
        var all = new List<SearchCandidates>();
        foreach (var term in terms)
            if (await store.SearchIndex.CandidatesAsync(mail.Account, term.Text, cancel) is { } some) all.Add(some);
        return all;
    }

    private static ColumnTest OfColumns(EmailCondition one) => one.Kind switch
    {
        ConditionKind.HasAttachment =>
            (scoped in ShownEmail email) => BodyLists.Of(BodyPart.Of(PartIndex.Read(email.Parts))).HasAttachment == one.Flag,
        ConditionKind.From => OfAddresses(one, EnvelopeReader.From),
        ConditionKind.To => OfAddresses(one, EnvelopeReader.To),
        ConditionKind.Cc => OfAddresses(one, EnvelopeReader.Cc),
        ConditionKind.Bcc => OfAddresses(one, EnvelopeReader.Bcc),
        _ => (scoped in ShownEmail email) => EmailText.HasAll(one.Terms, EnvelopeReader.Subject(email.Envelope)),
    };

    private static ColumnTest OfAddresses(EmailCondition one, int which) => (scoped in ShownEmail email) => EmailText.HasAll(
        one.Terms, string.Join(
            ", ", EnvelopeReader.Addresses(email.Envelope, which).Select(static a => $"{a.Name} <{a.Mailbox}@{a.Host}>")));

    private RowTest OfRow(EmailCondition one)
    {
        var keyword = mail.Keywords.Find(one.Name);
        switch (one.Kind)
        {
            case ConditionKind.InMailbox:
                return InMailbox(one.Mailboxes is [var id] ? mail.Mailboxes.Find(id) : null);
            case ConditionKind.InMailboxOtherThan:
                var others = one.Mailboxes.Select(mail.Mailboxes.Find).OfType<IndexedMailbox>().Select(static m => m.Number).ToHashSet();
                return (in EmailRow row) => row.Mailbox != EmailRow.Several
                    ? !others.Contains(row.Mailbox) : mail.NumbersOf(row).Any(number => !others.Contains(number));
            case ConditionKind.Before:
                return (in EmailRow row) => row.ReceivedAt < one.Number;
            case ConditionKind.After:
                return (in EmailRow row) => row.ReceivedAt >= one.Number;
            case ConditionKind.MinSize:
                return (in EmailRow row) => row.Size >= one.Number;
            case ConditionKind.MaxSize:
                return (in EmailRow row) => row.Size < one.Number;
            case ConditionKind.HasKeyword:
                return (in EmailRow row) => mail.Has(row, keyword);
            case ConditionKind.NotKeyword:
                return (in EmailRow row) => !mail.Has(row, keyword);
            case ConditionKind.AllInThreadHaveKeyword:
                return (in EmailRow row) => mail.Has(row, keyword) && mail.Thread(row.Thread).All(other => mail.Has(other, keyword));
            case ConditionKind.SomeInThreadHaveKeyword:
                return (in EmailRow row) => mail.Has(row, keyword) || mail.Thread(row.Thread).Any(other => mail.Has(other, keyword));
            default:
                return (in EmailRow row) => !mail.Has(row, keyword) && !mail.Thread(row.Thread).Any(other => mail.Has(other, keyword));
        }
    }

    private RowTest InMailbox(IndexedMailbox? mailbox)
    {
        if (mailbox is null) return static (in EmailRow _) => false;
        var number = mailbox.Number;
        return (in EmailRow row) => row.Mailbox == number || (row.Mailbox == EmailRow.Several && mail.IsIn(row, mailbox));
    }
}
