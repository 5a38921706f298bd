using System.Text;
using Aviso.Moving;
using Aviso.Tests.Unit.Moving;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Files of other servers, broken in every way: they are read as far as they go, and nothing throws.</summary>
public static class MovingFuzz
{
    [Fact]
    public static void Uid_lists_only_say_uids_that_grow() => Mutator.Run(
        ["3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n1 W34 :a,S=1\n7 P1f2 S1 :b:2,S\n9 :c\n"u8.ToArray(),
            "1 5 3\n1 a\n3 b\n"u8.ToArray()], 2000, input =>
        {
            if (UidList.Parse(input) is not { } list) return;
            Assert.True(list.UidValidity > 0);
            uint last = 0;
            foreach (var line in list.Lines)
            {
                Assert.True(line.Uid > last && line.BaseName.Length > 0 && !line.BaseName.Contains('/'));
                last = line.Uid;
            }
            Assert.True(list.UidNext > last);
            Assert.Equal(list.Lines.Count, list.Lines.Select(line => line.BaseName).Distinct().Count());
        });

    [Fact]
    public static void Small_files_and_names_are_read_whatever_they_hold() => Mutator.Run(
        ["0 $Forwarded\n1 work\n"u8.ToArray(), "V\t2\n\nSent\nA\tB\n"u8.ToArray(),
            "1276528487.M364837P9451.host,S=1355,W=1394:2,FSab"u8.ToArray(), "&APw-\\2e&-"u8.ToArray()], 2000, input =>
        {
            Assert.All(KeywordsFile.Parse(input), word => Assert.True(word is null || Keyword.IsValid(word)));
            Assert.All(SubscriptionsFile.Parse(input, '.'), levels => Assert.All(levels, level => Assert.NotEmpty(level)));
            var text = Encoding.Latin1.GetString(input);
            var name = MaildirName.Parse(text);
            Assert.All(name.KeywordNumbers, number => Assert.InRange(number, 0, 25));
            Assert.Equal(0, MaildirName.Compare(text, text));
            var level = FolderName.Decode(text, out _);
            Assert.True(level.Length > 0 && !level.Contains('/') && !level.Any(char.IsControl));
        });

    [Fact]
    public static void Indexes_and_logs_end_where_they_do_not_hold_together()
    {
        var log = DovecotFileTests.Log(
            (0x1000_0002, [1, 0, 0, 0, 0x08, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]), (0x1000_0004, [1, 0, 0, 0, 2, 0, 0, 0, 0x02, 0, 0, 0]),
            (0x1000_0400, [0, 0, 3, 0, (byte)'a', (byte)'b', (byte)'c', 0, 1, 0, 0, 0, 2, 0, 0, 0]),
                (0x800, [1, 0, 0, 0, 255, 255, 255, 255]));
        Mutator.Run([log], 3000, input => _ = DovecotIndex.Read(null, [input]));
        Assert.Equal(["kw"], DovecotIndex.Read(Index(), []).Messages[1].Keywords);
        Mutator.Run([Index()], 3000, input => Assert.All(DovecotIndex.Read(input, [log]).Messages.Values, message =>
            Assert.NotNull(message.Keywords)));
    }

    [Fact]
    public static void Mbox_files_are_cut_into_messages_that_lie_within_them() => Mutator.Run(
        [
            "From a Tue Nov 14 22:13:20 2023\n\n>From me\n\nFrom b x\nX-Aviso-Flags: 5 SF kw\nX-Aviso-Octets: 3\nabc\n"u8.ToArray(),
            "From a Tue Nov 14 22:13:20 +0000 2023\r\nX-Gmail-Labels: =?UTF-8?Q?a,b?=\r\n\r\nx\r\n"u8.ToArray(),
        ],
        2000, input =>
        {
            using var file = new MemoryStream(input);
            try
            {
                MboxFile.Index(file, "fuzz", message =>
                {
                    Assert.True(message.Offset >= 0 && message.Length >= 0 && message.Offset <= input.Length);
                    var marks = MboxMarks.Read(message.Header);
                    Assert.All(marks.Keywords, word => Assert.True(Keyword.IsValid(word)));
                    _ = FromLine.Time(message.FromLine);
                    Assert.NotEmpty(GmailLabels.Place(marks.Labels).Mailbox);
                }, default);
            }
            catch (SourceException)
            {
                // It said that it is none.
            }
        });

    [Fact]
    public static void Settings_of_others_are_read_whatever_they_hold() => Mutator.Run(
        ["/^(a|b)-[0-9]+.*@example\\.org$/ x@example.org"u8.ToArray(),
            "domain { example.org { path = \"/x\"; selector = \"m\"; } }"u8.ToArray(), "5G"u8.ToArray()], 2000, input =>
        {
            var text = Encoding.Latin1.GetString(input);
            foreach (var pattern in RegexpAlias.Patterns(text, out _)) Assert.True(pattern.Count(c => c == '*') <= 1
                && pattern.Contains('@'));
            _ = MailserverKeys.RspamdKeys(text);
            _ = ConfigLines.Parse("x", text, continues: true);
            Assert.True(MailserverReader.Size(text) is null or >= 0);
        });

    // Base header, one extension "keywords" with one name, two records.
    private static byte[] Index()
    {
        var octets = new byte[120 + 16 + 8 + 16 + (2 * 8)];
        (octets[0], octets[1], octets[2], octets[12]) = (7, 3, 120, 1);
        octets[4] = 160;
        octets[8] = 8;
        (octets[24], octets[28], octets[32]) = (5, 3, 2);
        (octets[60], octets[64], octets[68]) = (1, 40, 40);
        (octets[120], octets[128], octets[130], octets[134]) = (15, 5, 1, 8);
        "keywords"u8.CopyTo(octets.AsSpan(136));
        octets[144] = 1;
        "kw"u8.CopyTo(octets.AsSpan(144 + 12));
        (octets[160], octets[164], octets[165]) = (1, 0x0f, 1);
        (octets[168], octets[172]) = (2, 0x10);
        return octets;
    }
}
