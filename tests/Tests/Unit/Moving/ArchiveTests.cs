using System.Text;
using Aviso.Base;
using Aviso.Moving;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>mbox files, their dates and flags, and labels of Takeout.</summary>
public sealed class ArchiveTests
{
    [Theory]
    [InlineData("From a Tue Nov 14 22:13:20 2023\nSubject: 1\n\n>From me\n>>From you\nx\n\nFrom b Tue Nov 14 22:13:20 2023\nSubject: "
        + "2\n\nno end",
        "Subject: 1\r\n\r\nFrom me\r\n>From you\r\nx\r\n|Subject: 2\r\n\r\nno end")]
    [InlineData("From a x\r\nSubject: 1\r\n\r\nFrom inside, no empty line before? yes\r\n\r\n", "Subject: 1\r\n|")]
    [InlineData("From a x\nSubject: 1\n\ntext\nFrom within\n", "Subject: 1\r\n\r\ntext\r\nFrom within\r\n")]
    [InlineData("", "")]
    public void Messages_are_kept_apart_and_lines_are_given_back(string text, string messages) =>
        Assert.Equal(messages.Length == 0 ? [] : messages.Split('|'), Read(text));

    [Fact]
    public void What_is_no_mbox_says_so()
    {
        using var file = new MemoryStream("Subject: 1\n\n"u8.ToArray());
        Assert.Throws<SourceException>(() => Index(file));
    }

    [Fact]
    public void The_same_octets_have_the_same_key_whatever_stood_on_top()
    {
        using var one = new MemoryStream("From a x\nX-Aviso-Flags: 5 SF kw\nSubject: 1\n\nx\n\n"u8.ToArray());
        using var two = new MemoryStream("From b y\r\nSubject: 1\r\n\r\nx\r\n\r\n"u8.ToArray());
        var (ours, other) = (Index(one)[0], Index(two)[0]);
        Assert.Equal(ours.Key, other.Key);
        var marks = MboxMarks.Read(ours.Header);
        Assert.Equal((SystemFlags.Seen | SystemFlags.Flagged, 5L, "kw"), (marks.Flags, marks.InternalDate!.Value,
            Assert.Single(marks.Keywords)));
    }

    [Theory]
    [InlineData("Status: RO\nX-Status: A\nSubject: 1\nX-Keywords: a b\n c\n\nd\n", "Subject: 1\n\nd\n")]
    [InlineData("X-IMAPbase: 1 2\nX-IMAP: 1\nSubject: 1\nX-UID: 5\n\nd\n", "Status: O\nSubject: 1\n\nd\n")]
    [InlineData("x-gmail-labels: =?UTF-8?Q?a?=\r\n =?UTF-8?Q?b?=\r\nSubject: 1\r\n\r\nd\r\n",
        "Content-Length: 2\nLines: 1\nSubject: 1\n\nd\n")]
    [InlineData("Status: RO\n\td\nSubject: 1\n\nd\n", "Subject: 1\n\nd\n")]
    public void What_programs_rewrite_in_the_file_makes_no_other_message(string one, string other) => Assert.Equal(Key(one), Key(other));

    [Theory]
    [InlineData("Subject: 1\n\nStatus: RO\n", "Subject: 1\n\n")]
    [InlineData("Subject: 1\n\nStatus: RO\n", "Subject: 1\n\nStatus: O\n")]
    [InlineData("Statuses: 1\n\nd\n", "Subject: 1\n\nd\n")]
    [InlineData("Status: 1\nSubject: a\n b\n\nd\n", "Status: 1\nSubject: a\n\nd\n")]
    public void What_people_wrote_makes_another(string one, string other) => Assert.NotEqual(Key(one), Key(other));

    [Fact]
    public async Task A_later_copy_brings_a_message_whose_labels_changed_only_once()
    {
        await using var scene = await MoveScene.OpenAsync();
        var file = Path.Combine(scene.Folder, "all.mbox");
        foreach (var (labels, taken) in new[] { ("Inbox,Unread", 1), ("Archived,Opened,Work", 0), ("Trash", 0) })
        {
            await File.WriteAllTextAsync(file, $"From a x\nX-Gmail-Labels: {labels}\nSubject: 1\n\nx\n");
            Assert.Equal(taken, (await scene.RunAsync(new MboxSource(file, hasLabels: true))).Taken);
        }
        Assert.Single(await scene.SightAsync());
        Assert.Empty(await scene.SightAsync("Work"));
    }

    private static UInt128 Key(string message)
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes("From a x\n" + message));
        return Assert.Single(Index(file)).Key;
    }

    [Fact]
    public void Headers_of_an_mbox_are_not_held()
    {
        var folder = Directory.CreateTempSubdirectory("aviso-mbox-").FullName;
        var path = Path.Combine(folder, "big.mbox");
        var fields = string.Concat(Enumerable.Repeat($"X-Long: {new string('x', 900)}\n", 200));
        using (var file = File.CreateText(path))
        {
            for (var i = 0; i < 300; i++)
                file.Write($"From a x\nSubject: {i}\n{fields}\nx\n\n");
        }
        using var source = new MboxSource(path);
        var messages = source.Read(source.Mailboxes[0], default);
        Assert.Equal(300, messages.Count);
        // 300 headers of 180 KiB are 53 MB.
        Assert.InRange(Held(new object[] { source, messages }, new(ReferenceEqualityComparer.Instance)), 0, 300_000);
        Directory.Delete(folder, recursive: true);
    }

    // Octets of arrays that an object keeps alive.
    private static long Held(object? from, HashSet<object> seen)
    {
        if (from is null or string or Type or Delegate || !seen.Add(from)) return 0;
        if (from is byte[] octets) return octets.Length;
        if (from is Array array) return array.Cast<object?>().Sum(one => Held(one, seen));
        long held = 0;
        for (var type = from.GetType(); type is not null && !type.IsPrimitive; type = type.BaseType)
        {
            foreach (var field in type.GetFields(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public
                | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.DeclaredOnly))
                if (!field.FieldType.IsPrimitive && !field.FieldType.IsPointer) held += Held(field.GetValue(from), seen);
        }
        return held;
    }

    [Fact]
    public void A_list_of_marks_has_a_longest_line_and_a_size()
    {
        static Stream Text(string text) => new MemoryStream(Encoding.UTF8.GetBytes(text));
        var marks = EmlMarks.Parse(Text("a/1.eml\t5\tSF\tkw\r\nno marks\nb/2.eml\t6\t\t"));
        Assert.Equal(["a/1.eml", "b/2.eml"], marks.Keys);
        Assert.Equal((SystemFlags.Seen | SystemFlags.Flagged, 5L, "kw"), (marks["a/1.eml"].Flags, marks["a/1.eml"].InternalDate,
            Assert.Single(marks["a/1.eml"].Keywords)));
        Assert.Throws<SourceException>(() => EmlMarks.Parse(Text(new string('x', 300_000))));
        using var endless = new BoundedStream(new Lines(), EmlMarks.MostOctets, "index.tsv");
        Assert.Throws<SourceException>(() => EmlMarks.Parse(endless));
    }

    /// <summary>Lines without end.</summary>
    private sealed class Lines : MemoryStream
    {
        public override int Read(Span<byte> buffer)
        {
            buffer.Fill((byte)'\n');
            return buffer.Length;
        }
    }

    [Theory]
    [InlineData("a@b Tue Nov 14 22:13:20 2023", 1700000000L)]
    [InlineData("1234@xxx Tue Nov 14 22:13:20 +0000 2023", 1700000000L)]
    [InlineData("a@b Tue Nov 14 23:13:20 +0100 2023", 1700000000L)]
    [InlineData("a@b Wed Nov  1 00:00:00 2023", 1698796800L)]
    [InlineData("MAILER-DAEMON", null)]
    [InlineData("", null)]
    public void The_line_before_a_message_says_when_it_came(string line, long? time)
    {
        Assert.Equal(time, FromLine.Time(line));
        if (time is { } at) Assert.Equal(time, FromLine.Time(FromLine.Write(at)[5..]));
    }

    [Theory]
    [InlineData("Inbox,Opened,Category Personal", "INBOX", SystemFlags.Seen, "")]
    [InlineData("Inbox,Unread,Starred,Important", "INBOX", SystemFlags.Flagged, "$Important")]
    [InlineData("Archived,Work/Plans,Opened", "Work/Plans", SystemFlags.Seen, "Work/Plans")]
    [InlineData("Spam,Inbox", "Junk", SystemFlags.Seen, "")]
    [InlineData("Trash,Family photos", "Trash", SystemFlags.Seen, "Family_photos")]
    [InlineData("Drafts", "Drafts", SystemFlags.Seen | SystemFlags.Draft, "")]
    [InlineData("Gesendet", "Sent", SystemFlags.Seen, "")]
    [InlineData("", "Archive", SystemFlags.Seen, "")]
    public void Labels_become_a_mailbox_flags_and_keywords(string labels, string mailbox, SystemFlags flags, string keywords)
    {
        var place = GmailLabels.Place(labels.Split(',', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((mailbox, flags, keywords), (place.Mailbox, place.Flags, string.Join(' ', place.Keywords)));
    }

    [Fact]
    public void Labels_are_read_from_folded_encoded_words()
    {
        var marks = MboxMarks.Read(
            Encoding.ASCII.GetBytes("X-GM-THRID: 1\nX-Gmail-Labels: =?UTF-8?Q?Ge=C3=B6ffnet,Posteingang,?=\n =?UTF-8?Q?B=C3=BCcher?=\n\n"));
        Assert.Equal(["Geöffnet", "Posteingang", "Bücher"], marks.Labels);
    }

    [Fact]
    public void Lines_of_any_length_come_in_pieces_that_make_the_text()
    {
        var random = new Random(20261130);
        for (var round = 0; round < 2000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(120)).Select(_ => "x\r\n\n\rxxx"[random.Next(8)]));
            using var stream = new MemoryStream(Encoding.ASCII.GetBytes(text));
            using var lines = new LineScan(stream, 16);
            var made = new StringBuilder();
            while (lines.Next(out var line))
            {
                Assert.Equal(made.Length == 0 || made[^1] == '\n', line.IsStart);
                made.Append(Encoding.ASCII.GetString(line.Text));
                if (line.HasEnd) made.Append('\n');
                Assert.Equal(made.Length, line.End);
                Assert.True(line.HasEnd || made.Length == text.Length
                    || (made[^1], text[made.Length]) != ('\r', '\n'), "a CR is kept beside its LF");
            }
            Assert.Equal(text, made.ToString());
        }
    }

    [Theory]
    [InlineData("\r")]
    [InlineData("\r\n")]
    [InlineData("\r\nFrom me\r\n")]
    [InlineData("From me\r\n\r\n")]
    [InlineData("\n\nx\n")]
    public void A_long_line_is_read_to_its_end_wherever_the_buffer_ends(string end)
    {
        for (var length = (1 << 20) - 36; length <= (1 << 20) + 2; length++)
        {
            var text = $"Subject: 1\n\n{new string('x', length)}{end}";
            var expected = text.ReplaceLineEndings("\r\n").Replace("\n\nFrom me", "\n\n>From me", StringComparison.Ordinal);
            if (end is "\r") expected = text.Replace("\n", "\r\n", StringComparison.Ordinal);
            if (end.EndsWith("\r\n\r\n", StringComparison.Ordinal)) expected = expected[..^2];
            var read = Assert.Single(Read("From a x\n" + text));
            Assert.True(expected == read, $"{length} octets and {end.Length}: {expected.Length} became {read.Length}");
        }
    }

    [Theory]
    [InlineData("From a x\nX-Aviso-Flags: 5 S\nX-Aviso-Octets: 3\na\rb\n", true)]
    [InlineData("From a x\nX-Aviso-Flags: 5 S\nX-Aviso-Octets: 3\na\rb\nFrom b x\nSubject: 2\n", true)]
    [InlineData("From a x\nX-Aviso-Octets: 30\nSubject: 1\n\nFrom b x\nSubject: 2\n", false)]
    [InlineData("From a x\nX-Aviso-Octets: 10\nSubject: 1\n\nmore\n\nFrom b x\nSubject: 2\n", false)]
    [InlineData("From a x\nX-Aviso-Octets: 9999999999\nSubject: 1\n\n", false)]
    public void Counted_octets_end_where_a_message_may_end(string text, bool isGood)
    {
        if (isGood) Assert.Equal("a\rb", Read(text)[0]);
        else Assert.Throws<SourceException>(() => Read(text));
    }

    private static List<MboxMessage> Index(Stream file)
    {
        var messages = new List<MboxMessage>();
        MboxFile.Index(file, "test", messages.Add, default);
        return messages;
    }

    private static string Text(SpooledBody body)
    {
        var octets = new byte[body.Length];
        Assert.Equal(octets.Length, body.Read(0, octets));
        return Encoding.UTF8.GetString(octets);
    }

    private static List<string> Read(string text)
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes(text));
        var folder = Directory.CreateTempSubdirectory("aviso-mbox-").FullName;
        var spool = new BodySpool(folder, 2 << 20);
        var read = new List<string>();
        foreach (var message in Index(file))
        {
            using var body = spool.Begin();
            MboxFile.Copy(file, message.Offset, message.Length, message.IsRaw, body);
            read.Add(Text(body));
        }
        Directory.Delete(folder, recursive: true);
        return read;
    }
}
