namespace Aviso.Spam;

/// <summary>The checks that need nothing but the message and the rules.</summary>
public static class BuiltInChecks
{
    public static IReadOnlyList<ISpamCheck> All(RulesInForce rules) =>
    [
        new TestPatternCheck(), new AuthCheck(), new HeaderCheck(), new TextCheck(), new UrlCheck(), new FileCheck(), new OfficeCheck(),
        new RulesCheck(rules), new LimitsCheck(), new SenderLinksCheck(),
        new CompositesCheck(rules),
    ];
}
