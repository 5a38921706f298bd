namespace Aviso.Jmap;

/// <summary>EmailSubmission/get (RFC 8621 §7.1).</summary>
internal sealed class EmailSubmissionGet(Submissions submissions, JmapLimits limits) : IMethod
{
    public string Name => "EmailSubmission/get";

    public string Capability => Capabilities.Submission;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, limits, EmailSubmission.Properties.Contains);
        reader.End();
        var (log, all) = await submissions.ReadAsync(call.Account, cancel);
        GetAnswer.Write(call, get, limits, log.State, all, static s => s.Id, s => s.Write(call.Answer, get.Wants));
    }
}

/// <summary>EmailSubmission/changes (RFC 8621 §7.2).</summary>
internal sealed class EmailSubmissionChanges(Submissions submissions, JmapLimits limits) : IMethod
{
    public string Name => "EmailSubmission/changes";

    public string Capability => Capabilities.Submission;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = ChangesArguments.Read(reader, limits);
        reader.End();
        (await submissions.LogAsync(call.Account, cancel)).Since(arguments).Write(call);
    }
}
