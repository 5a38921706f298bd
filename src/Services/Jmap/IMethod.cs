namespace Aviso.Jmap;

/// <summary>One method of one capability, such as Email/get. It keeps no state; what belongs to a request is in the call.</summary>
internal interface IMethod
{
    /// <summary>Such as "Email/get".</summary>
    string Name { get; }

    /// <summary>A constant of <see cref="Capabilities"/>; the request must be using it.</summary>
    string Capability { get; }

    /// <summary>False: it takes no accountId, such as Core/echo.</summary>
    bool HasAccount => true;

    /// <summary>Would a call change something of the account: refused where the login may only read (accountReadOnly).</summary>
    bool Changes => Name[(Name.IndexOf('/', StringComparison.Ordinal) + 1)..] is "set" or "copy" or "import" or "upload" or "send";

    /// <summary>
    /// Writes the arguments of the response to <see cref="Call.Answer"/>, one object. A <see cref="MethodFailure"/> is the answer in its
    /// place: what was written is dropped, and nothing may have been changed (RFC 8620 §3.6.2).
    /// </summary>
    Task RunAsync(Call call, CancellationToken cancel);
}
