using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §2.5. One transaction; what is valid at its end is done, though it be not on the way (RFC 8620 §5.3).</summary>
internal sealed class MailboxSetMethod(MailRoom services, JmapLimits limits) : IMethod
{
    public string Name => "Mailbox/set";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = SetArguments.Read(reader, limits);
        var removes = reader.Flag("onDestroyRemoveEmails", false);
        reader.End();
        var mail = await services.Mail.OfAsync(call, cancel);
        arguments.CheckState(JmapState.Of(mail.State));
        var run = new MailboxSetRun(call, mail, arguments);
        var set = run.Read() with { IfInState = arguments.IfInState is null ? null : mail.State, DestroyRemovesEmails = removes };
        var done = StoreAnswers.Value(await services.Store.SetMailboxesAsync(call.Account, set, cancel));
        run.Answer(done);
    }
}

/// <summary>From the client's objects to the store's set, and from its outcome to the answer.</summary>
internal sealed class MailboxSetRun(Call call, AccountMail mail, SetArguments arguments)
{
    private readonly SetAnswer _answer = new(call);
    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);
    private readonly List<(string Key, MailboxFields Fields, NewMailbox Made)> _creates = [];
    private readonly List<(string Key, MailboxFields Fields, MailboxUpdate Update)> _updates = [];
    private readonly List<(string Key, MailboxRef Mailbox)> _destroys = [];

    public MailboxSet Read()
    {
        // A parent may stand after its child: places first.
        var read = arguments.Create.Select(static create => (create.Key, Fields: MailboxFields.OfCreate(create.Value))).ToList();
        foreach (var (key, fields) in read)
            if (fields.Error is null) _indexes[key] = _indexes.Count;
        foreach (var (key, fields) in read) Create(key, fields);
        foreach (var (key, value) in arguments.Update) Update(key, value);
        foreach (var key in arguments.Destroy)
        {
            if (Find(key) is { } mailbox) _destroys.Add((key, mailbox));
            else _answer.NotDestroyed(key, SetError.NotFound);
        }
        return new()
        {
            Create = _creates.ConvertAll(static create => create.Made),
            Update = _updates.ConvertAll(static update => update.Update),
            Destroy = _destroys.ConvertAll(static destroy => destroy.Mailbox),
        };
    }

    public void Answer(MailboxesSet done)
    {
        for (var i = 0; i < _creates.Count; i++)
        {
            var (key, fields, made) = _creates[i];
            var (problem, id) = done.Created[i];
            if (problem == MailboxProblem.None) _answer.Created(key, id.ToString(), writer => fields.WriteCreated(writer, made));
            else _answer.NotCreated(key, Error(problem, isNew: true));
        }
        for (var i = 0; i < _updates.Count; i++)
        {
            var (key, fields, update) = _updates[i];
            if (done.Updated[i] == MailboxProblem.None) _answer.Updated(IdOf(key, update.Mailbox, done), fields.Normalized(update.Name));
            else _answer.NotUpdated(key, Error(done.Updated[i], isNew: false));
        }
        for (var i = 0; i < _destroys.Count; i++)
        {
            if (done.Destroyed[i] == MailboxProblem.None) _answer.Destroyed(IdOf(_destroys[i].Key, _destroys[i].Mailbox, done));
            else _answer.NotDestroyed(_destroys[i].Key, Error(done.Destroyed[i], isNew: false));
        }
        _answer.Write(JmapState.Of(done.OldState), JmapState.Of(done.NewState));
    }

    private void Create(string key, MailboxFields fields)
    {
        MailboxRef? parent = null;
        if (fields.Error is not null) _answer.NotCreated(key, fields.Error);
        else
        {
            // No mailbox has the id 0: the store says so.
            if (fields.ParentId is { } id && (parent = Find(id)) is null) parent = new(default);
            _creates.Add((key, fields, new(fields.Name, parent, fields.Use, fields.SortOrder, fields.IsSubscribed)));
        }
    }

    private void Update(string key, JsonElement value)
    {
        if (Find(key) is not { } mailbox)
        {
            _answer.NotUpdated(key, SetError.NotFound);
            return;
        }
        var before = mailbox.Created < 0 ? MailboxObject.Node(mail, Known(mailbox)) : _creates[mailbox.Created].Fields.Node;
        if (!PatchObject.TryRead(value, out var patch, out var error))
        {
            _answer.NotUpdated(key, error);
            return;
        }
        var after = before.DeepClone().AsObject();
        var fields = patch.TryApply(after, out error) ? MailboxFields.OfUpdate(before, after) : null;
        if (fields is null || fields.Error is not null)
        {
            _answer.NotUpdated(key, fields?.Error ?? error);
            return;
        }
        MailboxRef? parent = null;
        if (fields.ParentId is { } id && (parent = Find(id)) is null) parent = new(default);
        _updates.Add((key, fields, new(mailbox)
        {
            Name = fields.Has("name") ? fields.Name : null,
            Move = fields.Has("parentId") ? new(parent) : null,
            Use = fields.Has("role") ? fields.Use : null,
            SortOrder = fields.Has("sortOrder") ? fields.SortOrder : null,
            Subscribed = fields.Has("isSubscribed") ? fields.IsSubscribed : null,
        }));
    }

    /// <summary>What is meant by an id or a #creation-id; what this call creates comes before what an earlier one did.</summary>
    private MailboxRef? Find(string text)
    {
        if (text.StartsWith('#') && _indexes.TryGetValue(text[1..], out var index)) return MailboxRef.ToCreated(index);
        return call.Created.Resolve(text) is { } id && MailboxObject.Find(mail, id) is { } mailbox ? new(mailbox.Id) : null;
    }

    private IndexedMailbox Known(MailboxRef mailbox) =>
        mail.Mailboxes.Find(mailbox.Id) ?? throw new InvalidOperationException("it was there");

    private static string IdOf(string key, MailboxRef mailbox, MailboxesSet done) =>
        mailbox.Created < 0 ? mailbox.Id.ToString() : done.Created[mailbox.Created].Id is { Value: not 0 } id ? id.ToString() : key;

    private static SetError Error(MailboxProblem problem, bool isNew) => problem switch
    {
        MailboxProblem.NotFound => SetError.NotFound,
        MailboxProblem.NoParent => SetError.InvalidProperty("parentId", "there is no such mailbox"),
        MailboxProblem.BadName => SetError.InvalidProperty("name", "empty, too long, or with characters that a name must not have"),
        MailboxProblem.NameTaken => SetError.InvalidProperty("name", "another mailbox with this parent has it"),
        MailboxProblem.UseTaken => SetError.InvalidProperty("role", "another mailbox has it"),
        MailboxProblem.IsInbox when isNew => SetError.InvalidProperty("role", "another mailbox has it"),
        MailboxProblem.IsInbox => new("forbidden", "the inbox keeps its name, place and role"),
        MailboxProblem.Loop => SetError.InvalidProperty("parentId", "it would be below itself"),
        MailboxProblem.TooDeep => SetError.InvalidProperty("parentId", "too many levels"),
        MailboxProblem.TooMany => new("overQuota", "too many mailboxes"),
        MailboxProblem.HasChild => new("mailboxHasChild"),
        MailboxProblem.HasEmail => new("mailboxHasEmail"),
        _ => throw new InvalidOperationException(problem.ToString()),
    };
}
