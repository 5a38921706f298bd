using System.Buffers;

namespace Aviso.Spam;

/// <summary>Which names in a macro's source run by themselves, and which calls a letter's macro has no need of.</summary>
internal static class VbaWords
{
    private static readonly string[] Auto =
    [
        "AutoOpen", "Auto_Open", "AutoExec", "AutoClose", "Auto_Close", "AutoNew", "AutoExit", "Document_Open", "Document_Close",
            "Document_New", "DocumentOpen",
        "Document_ContentControlOnEnter", "Workbook_Open", "Workbook_Activate", "Workbook_Deactivate", "Workbook_BeforeClose",
            "WorkbookOpen",
    ];

    private static readonly string[] Calls =
    [
        "Shell(", "Shell ", "ShellExecute", "WScript.Shell", "Shell.Application", "PowerShell", "URLDownloadToFile", "MSXML2.",
            "Microsoft.XMLHTTP", "WinHttp.",
        "ADODB.Stream", "VirtualAlloc", "RtlMoveMemory", "CreateThread", "WriteProcessMemory", "CallWindowProc", "CreateProcess", "cmd.exe",
            "cmd /c", "mshta",
        "regsvr32", "rundll32", "certutil", "bitsadmin", "winmgmts:", "Win32_Process", "CallByName", "ExecuteExcel4Macro",
            "InternetOpenUrl", "Scripting.FileSystemObject",
    ];

    private static readonly SearchValues<string> AutoWords =
        SearchValues.Create([.. Auto.Select(a => "Sub " + a)], StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> CallWords = SearchValues.Create(Calls, StringComparison.OrdinalIgnoreCase);

    // One pass for all words: the source is as long as a stranger likes.
    public static void Look(ReadOnlySpan<char> source, OfficeFindings findings)
    {
        if (source.IndexOfAny(AutoWords) is var auto and >= 0) findings.Add(OfficeFinding.MacroAuto, Word(source[(auto + 4)..], Auto));
        if (source.IndexOfAny(CallWords) is var call and >= 0) findings.Add(
            OfficeFinding.MacroCalls, Word(source[call..], Calls).TrimEnd('(', ' '));
    }

    private static string Word(ReadOnlySpan<char> at, string[] words)
    {
        foreach (var word in words)
        {
            if (at.StartsWith(word, StringComparison.OrdinalIgnoreCase)) return word;
        }
        return "";
    }
}
