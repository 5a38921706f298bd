namespace Aviso.Jmap;

/// <summary>Identities and submissions (RFC 8621 §6, §7).</summary>
internal static class SubmissionFeature
{
    // RFC 4865 §3: the largest interval, and a date that is later than any it leads to.
    private static readonly string[] FutureRelease = [$"{SubmissionParameters.MostHold}", "2099-12-31T23:59:59Z"];

    public static Feature Of(JmapRooms rooms) => new(new(Capabilities.Submission)
    {
        // Who may change nothing may not send either.
        IsFor = user => user.MayChange,
        Account = (writer, _) =>
        {
            writer.WriteNumber("maxDelayedSend"u8, SubmissionParameters.MostHold);
            writer.WriteStartObject("submissionExtensions"u8);
            writer.WriteTexts("FUTURERELEASE"u8, FutureRelease);
            writer.WriteTexts("SIZE"u8, [$"{rooms.Services.MaxMessageSize}"]);
            writer.WriteTexts("DSN"u8, []);
            writer.WriteTexts("REQUIRETLS"u8, []);
            writer.WriteEndObject();
        },
    }, Methods(rooms));

    private static IReadOnlyList<IMethod> Methods(JmapRooms rooms)
    {
        var (services, limits, submissions) = (rooms.Services, rooms.Limits, rooms.Submissions);
        return
        [
            new IdentityGet(rooms.Identities, limits), new IdentityChanges(rooms.Identities, limits),
            new IdentitySet(rooms.Identities, rooms.Feed, services.MaySendAs, limits),
            new EmailSubmissionGet(submissions, limits), new EmailSubmissionChanges(submissions, limits),
            .. ShortQuery.MethodsOf(new EmailSubmissionQuery(submissions, limits), limits),
            new EmailSubmissionSet(
                services.Store, submissions, rooms.Identities, rooms.Submitter, rooms.Outbox, rooms.Feed, services.MaySendAs,
                services.Clock, limits),
        ];
    }
}
