using Aviso.Settings;

namespace Aviso.Verbs;

internal static class ExitStatus
{
    public const int Ok = 0;
    public const int FoundProblems = 1;
    public const int Usage = 2;
    public const int CouldNotRun = 3;
}

/// <summary>Prints what is wrong with settings.</summary>
internal static class ProblemReport
{
    /// <summary>One line each, then the sum. Returns the exit status.</summary>
    public static int Print(SettingsLoad load, TextWriter errors)
    {
        foreach (var problem in load.Problems) errors.WriteLine(problem);
        var count = load.Problems.Count + load.NotShown;
        errors.WriteLine(
            count == 1 ? "aviso: one problem in the settings" : $"aviso: {count} problems in the settings{(load.NotShown > 0 ? $", {load.NotShown} not shown" : "")}");
        // A file that is not there is not a finding about its content.
        return load.Problems is [{ Place.Line: 0 }] ? ExitStatus.CouldNotRun : ExitStatus.FoundProblems;
    }
}
