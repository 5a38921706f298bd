using System.Text;
using Aviso.Mime;
using Aviso.Pop3;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>What a client or a message may say never throws, and a reply ends where the server ends it.</summary>
public sealed class Pop3Fuzz
{
    private static readonly string[] Lines =
        ["RETR 1", "TOP 12 34", "PASS a b  c", "AUTH PLAIN AGEAYg==", "UIDL", "LIST 99999999999999", "USER ü"];

    private static readonly string[] Messages =
    [
        "Subject: a\r\n\r\n.\r\n..b\r\nc", "A: b\n\n.\n", "\r\n.\r\r\n.",
        "Subject: Grüße\r\nFrom: ж <жук@почта.example>\r\nContent-Type: a; b=\"ü\"\r\n\r\nx",
    ];

    [Fact]
    public void Commands_take_anything() => Mutator.Run([.. Lines.Select(Encoding.UTF8.GetBytes)], 3000, static input =>
    {
        var command = Command.Of(input);
        Assert.InRange(command.Name.Length, 0, 4);
        Assert.InRange(command.Words(2).Length, 0, 2);
        Span<int> numbers = stackalloc int[2];
        if (command.TryNumbers(numbers)) Assert.True(numbers[0] >= 0 && numbers[1] >= 0);
    });

    [Fact]
    public void A_reply_ends_once_and_loses_nothing() => Mutator.Run([.. Messages.Select(Encoding.UTF8.GetBytes)], 3000, static input =>
    {
        var got = new List<byte>();
        var lines = new MessageLines(o => got.AddRange(o.Span));
        lines.Write(input);
        lines.Finish();
        var reply = Encoding.Latin1.GetString([.. got]);
        var end = reply.StartsWith(".\r\n", StringComparison.Ordinal) ? 0 : reply.IndexOf("\r\n.\r\n", StringComparison.Ordinal) + 2;
        Assert.Equal(reply.Length - 3, end);
        Assert.Equal(-1, reply.Replace("\r\n", "", StringComparison.Ordinal).IndexOf('\n', StringComparison.Ordinal));
        // What a client makes of it is the message, with line ends of one kind and one at its end.
        var read = string.Join("\r\n", reply[..end].Split("\r\n").Select(line => line.StartsWith('.') ? line[1..] : line));
        var wanted = Encoding.Latin1.GetString(input).Replace("\r\n", "\n", StringComparison.Ordinal)
            .Replace("\n", "\r\n", StringComparison.Ordinal);
        if (wanted.Length > 0 && !wanted.EndsWith("\r\n", StringComparison.Ordinal)) wanted += "\r\n";
        Assert.Equal(wanted, read);
    });

    [Fact]
    public void A_surrogate_is_ascii() => Mutator.Run([.. Messages.Select(Encoding.UTF8.GetBytes)], 3000, static input =>
    {
        var length = HeaderFields.LengthOf(input);
        Assert.InRange(length, 0, input.Length);
        if (length > 0) Assert.True(Ascii.IsValid(SurrogateHeader.Of(input.AsSpan(0, length))));
    });
}
