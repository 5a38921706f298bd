using Aviso.Base;

namespace Aviso.Store.Copying;

/// <summary>A message that comes back into a mailbox in which it is not now.</summary>
/// <param name="Email">Keeps its id, so that nobody brings it back twice.</param>
/// <param name="Body">All octets, trace fields included.</param>
/// <param name="Uid">Its UID where the mailbox is made anew, growing from message to message; 0: the next one.</param>
public sealed record ReturningMessage(
    EmailId Email, SpooledBody Body, Rendered Rendered, SystemFlags Flags, IReadOnlyList<string> Keywords, long InternalDate, uint Uid);

/// <summary>A mailbox that comes back with the UIDVALIDITY that it had.</summary>
/// <param name="UidNext">Higher than every UID that it can ever have given out: the first one for what is delivered from now on.</param>
public sealed record ReturningMailbox(string Name, SpecialUse Use, uint UidValidity, uint UidNext, int SortOrder);
