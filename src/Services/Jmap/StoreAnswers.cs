using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What the store says, in JMAP's words.</summary>
internal static class StoreAnswers
{
    /// <summary>The outcome of a whole set; the method fails where the store did nothing.</summary>
    public static T Value<T>(Outcome<T> outcome) where T : class => outcome.Error switch
    {
        StoreError.None when outcome.Value is { } value => value,
        StoreError.StateMismatch => throw MethodFailure.StateMismatch(),
        StoreError.NotFound => throw new MethodFailure("accountNotFound"),
        // RFC 8620 §3.6.2: may be tried again later.
        _ => throw new MethodFailure("serverUnavailable", "nothing can be stored at the moment"),
    };

    /// <summary>RFC 8621 §4.6, §4.8: id, blobId, threadId and size of what was made.</summary>
    public static void Created(SetAnswer answer, string key, Outcome<CreatedEmail> created)
    {
        if (created.Value is not { } email || !created.Ok)
        {
            answer.NotCreated(key, Error(created.Error));
            return;
        }
        answer.Created(key, email.Email.ToString(), writer =>
        {
            writer.WriteString("blobId"u8, BlobId.OfEmail(email.Email).ToString());
            writer.WriteString("threadId"u8, email.Thread.ToString());
            writer.WriteNumber("size"u8, email.Size);
        });
    }

    public static SetError Error(StoreError error) => error switch
    {
        StoreError.NotFound => SetError.NotFound,
        StoreError.NoSuchMailbox => SetError.InvalidProperty("mailboxIds", "there is no such mailbox"),
        StoreError.NotPermitted => SetError.InvalidProperty("mailboxIds", "an email is in one mailbox at least"),
        StoreError.OverQuota => new("overQuota"),
        StoreError.LimitReached => KeywordNames.TooMany,
        _ => throw new MethodFailure("serverUnavailable", "nothing can be stored at the moment"),
    };
}
