using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>One Email/set: from the client's objects to the store's set, and from its outcome to the answer.</summary>
internal sealed class EmailSetRun(MailRoom services, Call call, SetAnswer answer)
{
    public SetAnswer Answer => answer;

    /// <summary>Writes the messages of what is to be created; those that cannot be are rejected in the answer.</summary>
    public async Task<EmailDrafts> ComposeAsync(IReadOnlyList<KeyValuePair<string, JsonElement>> creates, CancellationToken cancel)
    {
        var drafts = new EmailDrafts();
        try
        {
            foreach (var (key, value) in creates)
            {
                try
                {
                    drafts.Add(key, await new EmailDraftMaker(services, call).MakeAsync(value, cancel));
                }
                catch (DraftException broken)
                {
                    answer.NotCreated(key, broken.Error);
                }
            }
            return drafts;
        }
        catch
        {
            drafts.Dispose();
            throw;
        }
    }

    public async Task<EmailsSet> SetAsync(
        AccountMail mail, EmailDrafts drafts, IReadOnlyList<KeyValuePair<string, JsonElement>> updates, IReadOnlyList<string> destroys,
        long? ifInState, CancellationToken cancel)
    {
        var destroyed = Destroys(mail, destroys);
        var updated = Updates(mail, updates, destroyed.Select(static one => one.Set.Email).ToHashSet());
        var set = new EmailSet
        {
            IfInState = ifInState,
            Create = drafts.Emails,
            Update = updated.ConvertAll(static one => one.Set),
            Destroy = destroyed.ConvertAll(static one => one.Set),
        };
        var done = StoreAnswers.Value(await services.Store.SetEmailsAsync(call.Account, set, cancel));
        for (var i = 0; i < drafts.Keys.Count; i++) StoreAnswers.Created(answer, drafts.Keys[i], done.Created[i]);
        for (var i = 0; i < updated.Count; i++)
        {
            if (done.Updated[i] == StoreError.None) answer.Updated(updated[i].Id);
            else answer.NotUpdated(updated[i].Id, StoreAnswers.Error(done.Updated[i]));
        }
        for (var i = 0; i < destroyed.Count; i++)
        {
            if (done.Destroyed[i] == StoreError.None) answer.Destroyed(destroyed[i].Id);
            else answer.NotDestroyed(destroyed[i].Id, StoreAnswers.Error(done.Destroyed[i]));
        }
        return done;
    }

    private List<(string Id, EmailDestroy Set)> Destroys(AccountMail mail, IReadOnlyList<string> ids)
    {
        var found = new List<(string, EmailDestroy)>();
        var seen = new HashSet<EmailId>();
        foreach (var id in ids)
        {
            if (Find(mail, id) is not { } row) answer.NotDestroyed(id, SetError.NotFound);
            else if (seen.Add(row.Id)) found.Add((row.Id.ToString(), new(row.Id) { Seen = mail.PlacesOf(row) }));
        }
        return found;
    }

    private List<(string Id, EmailUpdate Set)> Updates(
        AccountMail mail, IReadOnlyList<KeyValuePair<string, JsonElement>> updates, HashSet<EmailId> destroyed)
    {
        var found = new List<(string, EmailUpdate)>();
        var seen = new HashSet<EmailId>();
        foreach (var (id, value) in updates)
        {
            if (Find(mail, id) is not { } row) answer.NotUpdated(id, SetError.NotFound);
            else if (destroyed.Contains(row.Id)) answer.NotUpdated(id, new("willDestroy"));
            else if (!seen.Add(row.Id)) answer.NotUpdated(id, SetError.InvalidPatch("the email is updated by another name too"));
            else if (new EmailPatch(call, mail, row).TryRead(value, out var update, out var error)) found.Add((row.Id.ToString(), update));
            else answer.NotUpdated(id, error);
        }
        return found;
    }

    private EmailRow? Find(AccountMail mail, string text) =>
        call.Created.Resolve(text) is { } id && RecordId.TryParse(id, out var number) && mail.TryFind(new(number), out var row)
            ? row : null;
}

/// <summary>Messages that are written and wait to be stored.</summary>
internal sealed class EmailDrafts : IDisposable
{
    private readonly List<string> _keys = [];
    private readonly List<NewEmail> _emails = [];

    public static EmailDrafts None => new();

    /// <summary>Creation ids, one for each email.</summary>
    public IReadOnlyList<string> Keys => _keys;

    public IReadOnlyList<NewEmail> Emails => _emails;

    public void Add(string key, NewEmail email)
    {
        _keys.Add(key);
        _emails.Add(email);
    }

    public void Dispose()
    {
        foreach (var email in _emails) email.Body.Dispose();
    }
}
