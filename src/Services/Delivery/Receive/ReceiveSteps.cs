namespace Aviso.Delivery;

/// <summary>
/// What happens to a message that is whole, in order. What fails on its own account is declared here. On purpose, by a refusal,
/// only these put mail off: LimitSending (the account's limit is reached), Judge (greylisting, a virus scanner that cannot be asked) and
/// what finds no room.
/// </summary>
internal static class ReceiveSteps
{
    // Pure computing over a message whose size is limited; and what the disk may take.
    private static readonly TimeSpan Computing = TimeSpan.FromSeconds(10), Disk = TimeSpan.FromMinutes(2);

    // The verifier and the filter end by themselves after 8 seconds.
    private static readonly TimeSpan Others = TimeSpan.FromSeconds(12);

    public static IReadOnlyList<ReceiveStep> Of(ReceiveParts parts) =>
    [
        new(new ReadHeader(parts), Fails.Defer, Computing),
        new(new StopLoops(parts), Fails.Defer, Computing),
        new(new CheckSubmission(parts), Fails.Defer, Computing),
        new(new LimitSending(parts), Fails.Skip, Computing),
        new(new VerifySender(parts), Fails.Skip, Others),
        new(new RemoveClaims(parts), Fails.Defer, Computing),
        new(new ReadParts(parts), Fails.Defer, Computing),
        new(new Score(parts), Fails.Skip, Others),
        new(new Judge(parts), Fails.Defer, Computing),
        new(new Sign(parts), Fails.Skip, Computing),
        new(new Plan(parts), Fails.Defer, Disk),
        new(new StoreCopies(parts), Fails.Defer, Disk),
        new(new ProveFates(parts), Fails.Defer, Disk),
        new(new SendLetters(parts), Fails.Skip, Disk),
        new(new Learn(parts), Fails.Skip, Disk),
    ];
}
