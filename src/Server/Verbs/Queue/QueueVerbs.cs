using System.CommandLine;

namespace Aviso.Verbs;

/// <summary>Verbs about mail on its way out.</summary>
internal static class QueueVerbs
{
    public static Command Build() => new("queue", CommandTree.Help("Mail on its way out.",
        "aviso queue list", "aviso queue show ID", "aviso queue retry --destination example.com", "aviso queue drop ID"))
    {
        AdminVerb.Of("queue.list", "list", "List waiting mail, oldest first, with the reason it waits.",
            ["aviso queue list --recipient carol@elsewhere.example"], [.. Filter()]),
        AdminVerb.Of("queue.show", "show", "Show one message: every recipient, its attempts and the last remote reply.",
            ["aviso queue show ID"], AdminVerb.Named("id", "The queue id.")),
        Change("retry", "Try again now.", ["aviso queue retry ID", "aviso queue retry --destination example.com"]),
        Change("hold", "Keep from being sent until released.", ["aviso queue hold --sender newsletter@example.org"]),
        Change("release", "Let held mail go.", ["aviso queue release ID"]),
        Change("drop", "Throw mail away, without a bounce.", ["aviso queue drop ID"]),
    };

    /// <summary>A verb that changes what an id or a filter names.</summary>
    private static Command Change(string name, string text, string[] examples)
    {
        var verb = AdminVerb.Of($"queue.{name}", name, text, examples, [OptionalId(), .. Filter()]);
        verb.Validators.Add(r =>
        {
            // An empty filter would mean all mail; that must be said.
            if (!r.Children.Any(c => c is not System.CommandLine.Parsing.OptionResult { Implicit: true } && c.Tokens.Count > 0))
                r.AddError("say which mail: an ID, --recipient, --destination or --sender (--destination '*' for all)");
        });
        return verb;
    }

    private static Argument<string?> OptionalId() => new("id") { Description = "The queue id.", Arity = ArgumentArity.ZeroOrOne, HelpName = "ID" };

    private static IEnumerable<Symbol> Filter() =>
    [
        new Option<string?>("--recipient") { Description = "Only this recipient.", HelpName = "ADDRESS" },
        new Option<string?>("--destination") { Description = "Only this next hop: a domain or relay:NAME.", HelpName = "NAME" },
        new Option<string?>("--sender") { Description = "Only this sender.", HelpName = "ADDRESS" },
    ];
}
