namespace Aviso.Spam;

/// <summary>Which names in a macro's source run by themselves, and which calls a letter's macro has no need of.</summary>
internal static class VbaWords
{
    private static readonly string[] Auto =
    [
        "AutoOpen", "Auto_Open", "AutoExec", "AutoClose", "Auto_Close", "AutoNew", "AutoExit", "Document_Open", "Document_Close", "Document_New", "DocumentOpen",
        "Document_ContentControlOnEnter", "Workbook_Open", "Workbook_Activate", "Workbook_Deactivate", "Workbook_BeforeClose", "WorkbookOpen",
    ];

    private static readonly string[] Calls =
    [
        "Shell(", "Shell ", "ShellExecute", "WScript.Shell", "Shell.Application", "PowerShell", "URLDownloadToFile", "MSXML2.", "Microsoft.XMLHTTP", "WinHttp.",
        "ADODB.Stream", "VirtualAlloc", "RtlMoveMemory", "CreateThread", "WriteProcessMemory", "CallWindowProc", "CreateProcess", "cmd.exe", "cmd /c", "mshta",
        "regsvr32", "rundll32", "certutil", "bitsadmin", "winmgmts:", "Win32_Process", "CallByName", "ExecuteExcel4Macro", "InternetOpenUrl", "Scripting.FileSystemObject",
    ];

    public static void Look(string source, OfficeFindings findings)
    {
        foreach (var name in Auto)
        {
            if (source.Contains("Sub " + name, StringComparison.OrdinalIgnoreCase)) findings.Add(OfficeFinding.MacroAuto, name);
        }
        foreach (var call in Calls)
        {
            if (source.Contains(call, StringComparison.OrdinalIgnoreCase)) findings.Add(OfficeFinding.MacroCalls, call.TrimEnd('(', ' '));
        }
    }
}
