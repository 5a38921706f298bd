using System.Buffers;

namespace Aviso.Smtp;

/// <summary>
/// Finds the end of a message in DATA, takes the dots off and watches every line end, over octets cut anywhere.
/// Only CR LF "." CR LF ends a message, and CR and LF stand only together (RFC 5321 §2.3.8, §4.1.1.4, §4.5.2): everything
/// else that looks like an end is a fault of the message, and reading goes on to the true end so that what follows is never
/// taken for commands. Chunks of BDAT pass through the same watch without dots and without an end.
/// </summary>
internal struct DataScanner(bool dotStuffed)
{
    private static readonly SearchValues<byte> Marks = SearchValues.Create("\0\r\n"u8);

    private State _state = State.LineStart;
    private long _line;

    private enum State : byte
    {
        /// <summary>At the beginning, or after CR LF.</summary>
        LineStart,

        /// <summary>Inside a line.</summary>
        Text,

        /// <summary>After a CR.</summary>
        Cr,

        /// <summary>After a dot that began a line.</summary>
        Dot,

        /// <summary>After a dot that began a line and a CR.</summary>
        DotCr,
    }

    /// <summary>True when the chunks so far stop after a CR whose LF is missing: a fault if nothing follows.</summary>
    public readonly bool EndsInCr => _state == State.Cr;

    /// <summary>
    /// Reads on in <paramref name="octets"/>, writing message octets to <paramref name="body"/>. True when the end was found;
    /// <paramref name="used"/> then counts up to and with it, else all.
    /// </summary>
    public bool Scan(ReadOnlySpan<byte> octets, IncomingBody body, out int used)
    {
        var run = 0;
        var at = 0;
        while (at < octets.Length)
        {
            switch (_state)
            {
                case State.LineStart:
                    _line = 0;
                    _state = State.Text;
                    if (!dotStuffed || octets[at] != '.') goto case State.Text;
                    body.Write(octets[run..at]);
                    run = ++at;
                    _state = State.Dot;
                    break;

                case State.Text:
                    at += Text(octets[at..], body);
                    break;

                case State.Cr when octets[at] == '\n':
                    at++;
                    _state = State.LineStart;
                    break;

                case State.Cr:
                    body.Refuse(BodyFault.BareLineEnd);
                    _state = State.Text;
                    break;

                case State.Dot when octets[at] == '\r':
                    at++;
                    _state = State.DotCr;
                    break;

                // RFC 5321 §4.5.2: the dot goes when other characters follow on the line.
                case State.Dot:
                    _state = State.Text;
                    break;

                case State.DotCr when octets[at] == '\n':
                    _state = State.LineStart;
                    used = at + 1;
                    return true;

                case State.DotCr:
                    body.Refuse(BodyFault.BareLineEnd);
                    _state = State.Text;
                    break;
            }
        }
        // A dot at a line's start and its CR are not written before it is known what follows: run starts behind them.
        if (_state is not State.DotCr) body.Write(octets[Math.Min(run, octets.Length)..]);
        used = octets.Length;
        return false;
    }

    // Reads to the next CR, LF or NUL and past it; returns the octets read. Whole lines cost one vectorised search each.
    private int Text(ReadOnlySpan<byte> octets, IncomingBody body)
    {
        var mark = octets.IndexOfAny(Marks);
        _line += mark < 0 ? octets.Length : mark;
        if (_line > body.LongestLine) body.Refuse(BodyFault.LineTooLong);
        if (mark < 0) return octets.Length;
        switch (octets[mark])
        {
            case (byte)'\r' when mark + 1 < octets.Length && octets[mark + 1] == '\n':
                _state = State.LineStart;
                return mark + 2;
            case (byte)'\r':
                _state = State.Cr;
                break;
            case (byte)'\n':
                body.Refuse(BodyFault.BareLineEnd);
                break;
            default:
                body.Refuse(BodyFault.Nul);
                break;
        }
        return mark + 1;
    }
}
