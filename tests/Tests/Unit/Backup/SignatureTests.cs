using System.Text;
using Aviso.Backup;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>The examples of Amazon's page "Signature Calculations for the Authorization Header".</summary>
public sealed class SignatureTests
{
    private static readonly S3Keys Keys = new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1");
    private static readonly DateTimeOffset Then = new(2013, 5, 24, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Reading_an_object()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://examplebucket.s3.amazonaws.com/test.txt");
        request.Headers.TryAddWithoutValidation("Range", "bytes=0-9");
        Assert.EndsWith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41", Sign(request, [], ""),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Writing_an_object()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "https://examplebucket.s3.amazonaws.com/"
            + SignatureV4.Path("test$file.text"));
        request.Headers.TryAddWithoutValidation("Date", "Fri, 24 May 2013 00:00:00 GMT");
        request.Headers.Add("x-amz-storage-class", "REDUCED_REDUNDANCY");
        Assert.EndsWith(
            "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd", Sign(request, [], "Welcome to Amazon S3."),
                StringComparison.Ordinal);
    }

    [Fact]
    public void Listing_objects()
    {
        List<(string, string)> query = [("prefix", "J"), ("max-keys", "2")];
        Assert.Equal("max-keys=2&prefix=J", SignatureV4.Query(query));
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://examplebucket.s3.amazonaws.com/?" + SignatureV4.Query(query));
        Assert.EndsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", Sign(request, query, ""),
            StringComparison.Ordinal);
    }

    private static string Sign(HttpRequestMessage request, IReadOnlyList<(string, string)> query, string body)
    {
        SignatureV4.Sign(request, query, Encoding.UTF8.GetBytes(body), Keys, Then);
        return request.Headers.GetValues("Authorization").Single();
    }
}
