using Aviso.Base;
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
        var began = clock.GetTimestamp();
        while (true)
        {
            // The read's own deadline is the beat: an idle connection has no timer.
            var line = session.Connection.ReadLineAsync(session.Options.Line, session.Options.IdleBeat, betweenCommands: true).AsTask();
            while (watch is not null && !line.IsCompleted && await Task.WhenAny(line, watch.Changed) != line)
            {
                watch.Take();
                await session.ReportNewsAsync(expunges: true);
                await session.Writer.FlushAsync();
                if (session.Over || session.Writer.Broken) return default(LineRead) with { Status = ReadStatus.Closed };
            }
            var read = await line;
            if (read.Status != ReadStatus.TimedOut || clock.GetElapsedTime(began) >= session.Options.Autologout) return read;
            session.Writer.Bytes("* OK Still here\r\n"u8);
            await session.Writer.FlushAsync();
            if (session.Writer.Broken) return default(LineRead) with { Status = ReadStatus.Closed };
        }
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
                session.Bye(Reason.Autologout, "Autologout: idle for too long");
                break;
            case ReadStatus.Draining:
                session.Bye(Reason.Draining, "The server is stopping");
                break;
            default:
                session.Over = true;
                break;
        }
        return Completion.Silent;
    }
}
