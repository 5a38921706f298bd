using Aviso.Net;

namespace Aviso.Guard;

/// <summary>A scenario fired: what was seen last, how much of it, and the ban it led to or would lead to.</summary>
/// <param name="User">Whom the last failed login was for, if it was one.</param>
/// <param name="Decision">With id 0 when somebody else decides.</param>
public sealed record Firing(Scenario Scenario, Evidence Last, string? User, int Events, Decision Decision);
