using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>One owner of policy: what a former one decided ends with it, what a person added stays.</summary>
public static class FormerOwner
{
    /// <summary>Lifts the bans of all owners but <paramref name="owner"/>; says how many.</summary>
    public static void Lift(GuardOwner owner, DecisionBook book, ILogger log)
    {
        var lifted = owner == GuardOwner.Crowdsec ? 0 : EngineList.Drop(book);
        if (owner != GuardOwner.Builtin) lifted += book.Remove(new(Origin: Gatekeeper.Origin));
        if (lifted > 0) log.FormerOwnerLifted(lifted, owner.ToString().ToLowerInvariant());
    }
}
