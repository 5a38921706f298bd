using Aviso.Accounts;
using Aviso.Sieve;

namespace Aviso.Jmap;

/// <summary>What the methods of Sieve scripts work on, the same as ManageSieve's commands; and what answers beside them.</summary>
/// <param name="Replies">VacationResponse (RFC 8621 §8).</param>
/// <param name="Compile">What a script may use, as at delivery.</param>
/// <param name="Redirects">Addresses that one message may be redirected to.</param>
/// <param name="Implementation">Name and version.</param>
public sealed record ScriptServices(
    SieveScripts Scripts, VacationReplies Replies, SieveOptions Compile, int Redirects, string Implementation);
