using System.Buffers.Binary;
using System.Text;
using Aviso.Moving;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>Files of Dovecot, each as its writers make it and as nobody should.</summary>
public sealed class DovecotFileTests
{
    [Theory]
    [InlineData("3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n1 W34 :a\n7 P1f2 S1 :b:2,S\n", 1275660208u, 25022u, "1=a 7=b")]
    [InlineData("1 1275660208 6\n1 a\n6 b\n", 1275660208u, 7u, "1=a 6=b")]
    [InlineData("3 V5 N2\n9 :late\n", 5u, 10u, "9=late")]
    [InlineData("3 V5 N9\n3 :a\n2 :b\n4 :a\nx :c\n5 :d/e\n6 :f\n7 :cut", 5u, 9u, "3=a 6=f")]
    [InlineData("3 V5 N9\n", 5u, 9u, "")]
    public void A_uid_list_says_which_file_has_which_uid(string text, uint validity, uint next, string lines)
    {
        var list = UidList.Parse(Encoding.UTF8.GetBytes(text))!;
        Assert.Equal((validity, next), (list.UidValidity, list.UidNext));
        Assert.Equal(lines, string.Join(' ', list.Lines.Select(line => $"{line.Uid}={line.BaseName}")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("3 V5 N9")]
    [InlineData("3 N9\n")]
    [InlineData("4 V5 N9\n")]
    [InlineData("3 V99999999999 N1\n")]
    public void What_is_no_uid_list_is_none(string text) => Assert.Null(UidList.Parse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Ids_of_older_pop3_servers_are_seen()
    {
        var list = UidList.Parse("3 V5 N9\n3 P00ab :a\n4 :b\n"u8)!;
        Assert.Equal(["00ab", ""], list.Lines.Select(line => line.Uidl));
    }

    [Theory]
    [InlineData("1276528487.M364837P9451.host,S=1355,W=1394:2,FSab", "1276528487.M364837P9451.host,S=1355,W=1394", "FSab", 1355, 1394)]
    [InlineData("x:2,ST,extra", "x", "ST", -1, -1)]
    [InlineData("x", "x", "", -1, -1)]
    [InlineData("x:1,S", "x", "", -1, -1)]
    [InlineData("x,S=99999999999999999999:2,", "x,S=99999999999999999999", "", -1, -1)]
    public void A_file_name_says_flags_and_sizes(string file, string name, string letters, long size, long wire)
    {
        var read = MaildirName.Parse(file);
        Assert.Equal((name, letters, size, wire), (read.Base, read.Letters, read.Size, read.WireSize));
    }

    [Fact]
    public void Letters_are_flags_and_numbers_of_keywords()
    {
        var name = MaildirName.Parse("x:2,DFRSTabza");
        Assert.Equal(SystemFlags.Draft | SystemFlags.Flagged | SystemFlags.Answered | SystemFlags.Seen | SystemFlags.Deleted, name.Flags);
        Assert.Equal([0, 1, 25], name.KeywordNumbers);
        Assert.Equal("DFRST", MaildirName.LettersOf(name.Flags));
    }

    [Theory]
    [InlineData("5.M2P1.h", "10.M1P1.h")]
    [InlineData("5.M2P1.h", "5.M10P1.h")]
    [InlineData("5.a", "5.b")]
    [InlineData("5.M2P1.h", "5.z")]
    public void Files_without_uids_come_in_the_order_of_their_times(string first, string second)
    {
        Assert.True(MaildirName.Compare(first, second) < 0);
        Assert.True(MaildirName.Compare(second, first) > 0);
        Assert.Equal(0, MaildirName.Compare(first, first));
    }

    [Fact]
    public void Keywords_have_numbers_and_those_that_are_none_are_left_out()
    {
        var names = KeywordsFile.Parse("0 $Forwarded\n2 work\n3 two words\n26 z\n2 other\nx y\n"u8);
        Assert.Equal("$Forwarded,,work,", string.Join(',', names[..4]));
        Assert.Equal("0 a\n1 b\n", Encoding.UTF8.GetString(KeywordsFile.Write(["a", "b"])));
    }

    [Fact]
    public void Subscriptions_have_levels_in_both_versions()
    {
        Assert.Equal(["Sent", "Archive|2024"], SubscriptionsFile.Parse("V\t2\n\nSent\nArchive\t2024\n"u8, '.').Select(levels =>
            string.Join('|', levels)));
        Assert.Equal(["Sent", "Archive|2024"], SubscriptionsFile.Parse("Sent\nArchive.2024\n"u8, '.').Select(levels =>
            string.Join('|', levels)));
    }

    [Theory]
    [InlineData("Sent", "Sent", false)]
    [InlineData("Entw&APw-rfe", "Entwürfe", false)]
    [InlineData("Entwürfe", "Entwürfe", false)]
    [InlineData("Tom &- Jerry", "Tom & Jerry", false)]
    [InlineData("Tom & Jerry", "Tom & Jerry", true)]
    [InlineData("a\\2eb", "a.b", false)]
    [InlineData("a\\2fb", "a_b", true)]
    [InlineData("100%", "100_", true)]
    public void Names_of_folders_are_names_of_mailboxes(string level, string name, bool isChanged)
    {
        Assert.Equal(name, FolderName.Decode(level, out var problem));
        Assert.Equal(isChanged, problem is not null);
    }

    [Fact]
    public void A_log_alone_says_flags_and_keywords()
    {
        var log = Log(
            (0x1000_0002, [1, 0, 0, 0, 0x08, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
            (0x1000_0004, [1, 0, 0, 0, 2, 0, 0, 0, 0x02, 0, 0, 0]),
            (0x1000_0400, [0, 0, 3, 0, (byte)'a', (byte)'b', (byte)'c', 0, 1, 0, 0, 0, 2, 0, 0, 0]),
            (0x1000_0400, [1, 0, 3, 0, (byte)'a', (byte)'b', (byte)'c', 0, 2, 0, 0, 0, 2, 0, 0, 0]));
        var index = DovecotIndex.Read(null, [log]);
        Assert.Null(index.Problem);
        Assert.Equal((SystemFlags.Seen | SystemFlags.Flagged, "abc"), (index.Messages[1].Flags, Assert.Single(index.Messages[1].Keywords)));
        Assert.Equal(SystemFlags.Flagged, index.Messages[2].Flags);
        Assert.Empty(index.Messages[2].Keywords);
        Assert.NotNull(DovecotIndex.Read(null, [log[..^3]]).Problem);
    }

    internal static byte[] Log(params (uint Type, byte[] Data)[] records)
    {
        var log = new MemoryStream();
        var head = new byte[40];
        (head[0], head[1], head[2], head[8], head[32]) = (1, 3, 40, 1, 1);
        log.Write(head);
        foreach (var (type, data) in records)
        {
            var size = (uint)data.Length + 8;
            log.Write([(byte)(0x80 | ((size >> 23) & 0x7f)), (byte)(0x80 | ((size >> 16) & 0x7f)), (byte)(0x80 | ((size >> 9) & 0x7f)),
                (byte)(0x80 | ((size >> 2) & 0x7f))]);
            var number = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(number, type);
            log.Write(number);
            log.Write(data);
        }
        return log.ToArray();
    }
}
