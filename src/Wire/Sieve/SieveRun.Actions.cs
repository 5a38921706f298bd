using Aviso.Base;

namespace Aviso.Sieve;

/// <summary>What is to happen so far, and which actions go together.</summary>
internal sealed partial class SieveRun
{
    private List<SieveAction> _actions = [];
    private int _before;

    // A script before this one named the inbox.
    private bool _keepIsNamed;

    public IReadOnlyList<SieveAction> Actions => _actions;

    public List<SieveDuplicate> Duplicates { get; private set; } = [];

    /// <summary>RFC 5228 §2.10.2: nothing has cancelled it.</summary>
    public bool ImplicitKeep { get; private set; } = true;

    /// <summary>RFC 5228 §2.10.2: this action takes the place of the implicit keep.</summary>
    public void CancelImplicitKeep() => ImplicitKeep = false;

    /// <summary>State to go back to when a script fails.</summary>
    public (List<SieveAction>, List<SieveDuplicate>, MessageView.Edits, List<string>) Save() => ([.. _actions], [.. Duplicates], Whole.Current, Flags);

    public void Restore((List<SieveAction> Actions, List<SieveDuplicate> Duplicates, MessageView.Edits Edits, List<string> Flags) saved) =>
        (_actions, Duplicates, Whole.Current, Flags) = saved;

    /// <summary>A new script of the sequence begins: its own implicit keep and budget of variables.</summary>
    public void BeginScript()
    {
        Frame = null!;
        Part = null;
        Error = null;
        while (_views.Count > 0) View = _views.Pop().Around;
        ImplicitKeep = true;
        _before = _actions.Count;
    }

    /// <summary>
    /// Adds an action, or merges it with one that does the same (RFC 5228 §2.10.3: one copy into a mailbox, one redirect to an
    /// address). False, and the script fails, when it is one too many or does not go with another.
    /// </summary>
    public bool Add(Call call, SieveAction action)
    {
        // RFC 5703 §5, §6: what `replace` and `enclose` make of a message is not sent on.
        action = action with { Edit = action is SieveAction.Redirect ? Whole.HeaderEdit() : Whole.Edit(), At = At(call) };
        if (Conflict(action, _actions.Skip(_before)) is { } conflict)
        {
            Fail(call, conflict);
            return false;
        }
        // A script before this one answered: that is no mistake of this one.
        if (action is SieveAction.Vacation or SieveAction.Reject && !Reopen(action) && _actions.Exists(a => a is SieveAction.Vacation or SieveAction.Reject))
        {
            Note(call, $"{action.Describe()}: the sender is answered already");
            return true;
        }
        Note(call, action.Describe());
        for (var i = 0; i < _actions.Count; i++)
        {
            if (!IsSame(_actions[i], action)) continue;
            // RFC 5232 §4: the flags of the last one count.
            if (action is SieveAction.Keep keep) _actions[i] = keep with { IsNamed = keep.IsNamed || _actions[i] is SieveAction.Keep { IsNamed: true } };
            else if (action is SieveAction.FileInto) _actions[i] = action;
            return true;
        }
        if (_actions.Count >= Limits.Actions) Fail(call, $"more than {Limits.Actions} actions");
        else if (action is SieveAction.Redirect && _actions.Count(a => a is SieveAction.Redirect) >= Limits.Redirects)
            Fail(call, Limits.Redirects == 0 ? "redirects are not allowed here" : $"more than {Limits.Redirects} redirects");
        else if (action is SieveAction.Notify && _actions.Count(a => a is SieveAction.Notify) >= Limits.Notifications)
            Fail(call, $"more than {Limits.Notifications} notifications");
        else _actions.Add(action);
        return !Failed;
    }

    // An answer of a script before this one that did not go out, for a reason that is not this script's.
    private bool Reopen(SieveAction action) => action is SieveAction.Vacation { Unsent: null } or SieveAction.Reject
        && _actions.TrueForAll(a => a is not SieveAction.Reject and not SieveAction.Vacation { Unsent: null });

    // RFC 5429 §2.4: a message is refused or delivered, never both; RFC 5230 §4.8: one answer to a message.
    private static string? Conflict(SieveAction action, IEnumerable<SieveAction> others)
    {
        foreach (var other in others)
        {
            switch (action, other)
            {
                case (SieveAction.Reject, SieveAction.Reject):
                    return "a message is rejected once";
                case (SieveAction.Reject, SieveAction.Vacation) or (SieveAction.Vacation, SieveAction.Reject):
                    return "reject and vacation do not go together: both answer the sender";
                case (SieveAction.Reject, not (SieveAction.Discard or SieveAction.Notify)):
                    return "reject does not go with an action that delivers the message";
                case (not (SieveAction.Discard or SieveAction.Notify), SieveAction.Reject):
                    return "an action that delivers the message does not go with reject";
                case (SieveAction.Vacation, SieveAction.Vacation):
                    return "vacation answers a message once";
                default:
                    break;
            }
        }
        return null;
    }

    // RFC 5293 §6: an edited message is the same message still; of two that do the same we take the last, as it stands by then.
    private static bool IsSame(SieveAction a, SieveAction b) => (a, b) switch
    {
        (SieveAction.Discard, SieveAction.Discard) => true,
        (SieveAction.Keep, SieveAction.Keep) => true,
        (SieveAction.FileInto x, SieveAction.FileInto y) => x.Mailbox == y.Mailbox && x.SpecialUse == y.SpecialUse
            && x.MailboxId == y.MailboxId,
        (SieveAction.Redirect x, SieveAction.Redirect y) => AddressComparer.Instance.Equals(x.Address, y.Address),
        _ => false,
    };

    /// <summary>
    /// The script ended well. True when it kept the message, so that the next script of the sequence has its say; the keep is then
    /// left to that one, with its flags.
    /// </summary>
    public bool EndScript(bool isLast)
    {
        var keeps = ImplicitKeep || _actions.Skip(_before).Any(a => a is SieveAction.Keep);
        if (!keeps) return false;
        if (isLast) return true;
        if (_actions.FindLast(a => a is SieveAction.Keep) is SieveAction.Keep explicitly) Flags = [.. explicitly.Flags];
        _keepIsNamed |= _actions.Exists(a => a is SieveAction.Keep { IsNamed: true });
        _actions.RemoveAll(a => a is SieveAction.Keep);
        return true;
    }

    /// <summary>For the test driver: forget what was decided.</summary>
    public void ClearActions()
    {
        _actions = [];
        Duplicates = [];
        ImplicitKeep = true;
    }

    /// <summary>For the test driver: what the run decided so far, without ending it.</summary>
    public SieveOutcome Peek()
    {
        var saved = Save();
        var actions = Finish(ImplicitKeep, Flags).ToList();
        Restore(saved);
        return new(actions, null, View.Edit(), Trace) { Duplicates = Duplicates };
    }

    /// <summary>The list of actions whole: with the keep nobody cancelled, without a discard something else overrules.</summary>
    public List<SieveAction> Finish(bool keep, IReadOnlyList<string> flags)
    {
        var actions = _actions;
        // RFC 5429 §2.1.1: nobody is told when there is nobody; the message is dropped instead.
        if (Message.EnvelopeFrom.Length == 0)
        {
            for (var i = 0; i < actions.Count; i++)
            {
                if (actions[i] is SieveAction.Reject { IsEreject: false } reject) actions[i] = new SieveAction.Discard { Edit = reject.Edit, At = reject.At, InPlaceOf = reject };
            }
        }
        if (keep && !actions.Any(a => a is SieveAction.Keep)) actions.Add(new SieveAction.Keep(flags) { Edit = Whole.Edit(), IsImplicit = true, IsNamed = _keepIsNamed });
        var delivered = actions.Any(a => a is SieveAction.Keep or SieveAction.FileInto or SieveAction.Redirect or SieveAction.Reject);
        if (delivered) actions.RemoveAll(a => a is SieveAction.Discard);
        else if (!actions.Any(a => a is SieveAction.Discard)) actions.Add(new SieveAction.Discard { IsImplicit = true });
        return actions;
    }
}
