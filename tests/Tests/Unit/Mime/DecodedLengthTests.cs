using System.Text;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Mime;

public sealed class DecodedLengthTests
{
    [Theory]
    [InlineData("base64")]
    [InlineData("quoted-printable")]
    [InlineData("7bit")]
    [InlineData("x-unknown")]
    public void It_is_the_length_of_what_is_decoded_in_pieces_of_any_size(string encoding)
    {
        var random = new Random(1);
        for (var round = 0; round < 500; round++)
        {
            var octets = Encoding.ASCII.GetBytes(random.GetItems("AbC+/=09==\r\n= .,=41".ToCharArray(), random.Next(200)));
            var length = new DecodedLength(encoding);
            for (var at = 0; at < octets.Length;)
            {
                var count = Math.Min(octets.Length - at, random.Next(1, 50));
                length.Append(octets.AsSpan(at, count));
                at += count;
            }
            Assert.Equal(TransferDecoder.DecodeAll(encoding, octets).Length, length.Finish());
        }
    }
}
