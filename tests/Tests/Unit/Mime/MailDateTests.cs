using System.Globalization;
using System.Text;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Mime;

public sealed class MailDateTests
{
    [Theory]
    [InlineData("28 Jun 01 10:05:15 PM", "2001-06-28 22:05:15 +00:00")]
    [InlineData("05 Jul 01 4:00:55 pm -0700", "2001-07-05 16:00:55 -07:00")]
    [InlineData("3 Jul 2001 12:47:50 AM", "2001-07-03 00:47:50 +00:00")]
    [InlineData("3 Jul 2001 12:47 PM EST", "2001-07-03 12:47:00 -05:00")]
    [InlineData("3 Jul 2001 22:47 PM", "2001-07-03 22:47:00 +00:00")]
    [InlineData("3 Jul 2001 10:47 PMST", "2001-07-03 10:47:00 +00:00")]
    [InlineData("Wed, 18 Sep 0102 04:15:01 +0600", "2002-09-18 04:15:01 +06:00")]
    [InlineData("Wed, 18 Sep 102 04:15:01 +0600", "2002-09-18 04:15:01 +06:00")]
    [InlineData("Thu, 1 Jan 1900 00:00:00 +0000", "1900-01-01 00:00:00 +00:00")]
    [InlineData("Thu, 31 Dec 1899 00:00:00 +0000", "")]
    public void Dates_are_read_as_they_were_meant(string text, string read) =>
        Assert.Equal(read, MailDate.TryParse(Encoding.ASCII.GetBytes(text), out var date) ? date.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture) : "");
}
