namespace Aviso.Spam;

/// <summary>The patterns with which filters are tried: GTUBE, and the variants other filters know.</summary>
public sealed class TestPatternCheck : ISpamCheck
{
    private const string Rest = "JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

    public string Name => "testpattern";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        if (!context.Content.Plain.Contains("GTUBE-STANDARD", StringComparison.Ordinal)) return default;
        if (context.Content.Plain.Contains("X" + Rest, StringComparison.Ordinal)) context.Add(
            "GTUBE", 1000, "the test pattern for mail to refuse");
        else if (context.Content.Plain.Contains("Y" + Rest, StringComparison.Ordinal)
            || context.Content.Plain.Contains("Z" + Rest, StringComparison.Ordinal))
            context.Add("GTUBE_TAG", 10, "the test pattern for mail to tag");
        return default;
    }
}
