using Aviso.Net;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.13: news as they happen, until DONE; a sign of life every two minutes.</summary>
internal static class IdleCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        if (!command.Arguments(session.Utf8Names).End()) return Completion.Syntax;
        using var watch = session.Notify is null && session.Box is { } box ? new AccountWatch(session.Store, session.Account, box.Id) : null;
        session.Writer.Bytes("+ idling\r\n"u8);
        await session.ReportNewsAsync(expunges: true);
        await session.Writer.FlushAsync();
        var line = session.Notify is { } notify
            ? await await notify.WaitForLineAsync()
            : await WaitAsync(session, watch);
        return Ended(session, line);
    }

    private static async ValueTask<LineRead> WaitAsync(ImapSession session, AccountWatch? watch)
    {
        var clock = session.Server.Clock;
        var line = session.Connection.ReadLineAsync(session.Options.Line, session.Options.Autologout, betweenCommands: true).AsTask();
        while (!line.IsCompleted && !session.Over && !session.Writer.Broken)
        {
            using var stop = new CancellationTokenSource();
            var beat = Task.Delay(session.Options.IdleBeat, clock, stop.Token);
            var first = watch is null ? await Task.WhenAny(line, beat) : await Task.WhenAny(line, beat, watch.Changed);
            await stop.CancelAsync();
            if (first == line) break;
            if (first == beat) session.Writer.Bytes("* OK Still here\r\n"u8);
            else
            {
                watch!.Take();
                await session.ReportNewsAsync(expunges: true);
            }
            await session.Writer.FlushAsync();
        }
        return line.IsCompleted ? await line : default(LineRead) with { Status = ReadStatus.Closed };
    }

    private static Completion Ended(ImapSession session, LineRead line)
    {
        switch (line.Status)
        {
            case ReadStatus.Complete when System.Text.Ascii.EqualsIgnoreCase(line.Line.Span, "DONE"u8):
                return Completion.Ok("Idled");
            case ReadStatus.Complete or ReadStatus.TooLong:
                return Completion.Bad("DONE was expected");
            case ReadStatus.TimedOut:
                session.Bye("Autologout: idle for too long");
                break;
            case ReadStatus.Draining:
                session.Bye("The server is stopping");
                break;
            default:
                session.Over = true;
                break;
        }
        return Completion.Silent;
    }
}
