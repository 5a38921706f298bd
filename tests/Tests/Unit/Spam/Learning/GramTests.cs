using System.Text;
using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Learning;

/// <summary>The second learner: what it looks at, and that the same lessons make the same model.</summary>
public sealed class GramTests
{
    [Fact]
    public void The_same_message_is_the_same_places_however_its_lines_end()
    {
        const string Text = "From: Ann <ann@one.example>\nSubject: x\n\nA line\nand one more\n";
        Assert.Equal(Places(Text), Places(Text.Replace("\n", "\r\n", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Received: from a.example by b.example")]
    [InlineData("Return-Path: <secret@a.example>")]
    [InlineData("Authentication-Results: mx.example; spf=pass")]
    [InlineData("ARC-Seal: i=1; a=rsa-sha256; d=a.example")]
    [InlineData("X-Spam-Status: Yes, score=99")]
    [InlineData("List-Id: people who paint <paint.example>")]
    [InlineData("To: Somebody Else <else@two.example>")]
    public void What_receivers_and_lists_write_and_whom_it_is_to_is_not_looked_at(string field) =>
        Assert.Equal(Places("Subject: x\n\ntext\n"), Places($"{field}\nSubject: x\n\ntext\n"));

    [Fact]
    public void Of_any_message_there_are_few_distinct_places_and_all_within_the_table()
    {
        var random = new Random(5);
        foreach (var length in new[] { 0, 1, 3, 4, 100, 5_000, 200_000 })
        {
            var octets = new byte[length];
            random.NextBytes(octets);
            using var grams = Read(SpamMail.Input([.. "Subject: x\r\n\r\n"u8, .. octets]));
            var places = grams.Places.ToArray();
            Assert.True(places.Length < GramSet.MostOctets);
            Assert.Equal(places.Length, places.Distinct().Count());
            Assert.All(places, p => Assert.InRange(p, 0u, (1u << GramSet.Bits) - 1));
        }
    }

    [Fact]
    public void The_same_lessons_make_the_same_model()
    {
        var lessons = Lessons(40);
        var (one, other) = (GramModel.Train(lessons, default), GramModel.Train(lessons, default));
        foreach (var lesson in lessons)
        {
            var places = LearnedMessages.Unpack(lesson.Grams);
            Assert.Equal(one.Judge(places), other.Judge(places));
        }
    }

    [Fact]
    public void It_tells_apart_what_it_never_saw_and_names_why()
    {
        var model = GramModel.Train(Lessons(100), default);
        for (var n = 5000; n < 5020; n++)
        {
            using var spam = Read(Letters.Input(Letters.Spam(n)));
            using var ham = Read(Letters.Input(Letters.Ham(n)));
            var (bad, good) = (model.Judge(spam.Places), model.Judge(ham.Places));
            Assert.True(bad > 1 && good < -1, $"{bad} {good}");
            var sums = new List<(Range Word, float Sum)>();
            spam.Explain(model, sums);
            Assert.Contains(spam.Show(sums.MaxBy(s => s.Sum).Word), Letters.Spam(n), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_the_words_add_is_what_the_message_is_worth()
    {
        var model = GramModel.Train(Lessons(40), default);
        using var empty = Read(SpamMail.Input("Subject:\n\n"));
        using var grams = Read(Letters.Input(Letters.Spam(777)));
        var sums = new List<(Range Word, float Sum)>();
        grams.Explain(model, sums);
        Assert.Equal(model.Judge(grams.Places) - model.Judge([]), sums.Sum(s => s.Sum), 3);
    }

    [Fact]
    public void Messages_learned_before_there_were_grams_teach_none()
    {
        var model = GramModel.Train([new(0, true, [1, 2, 3]), new(0, false, [4])], default);
        Assert.Equal(0, model.Judge([1, 2, 3]));
    }

    private static List<Example> Lessons(int count) =>
    [
        .. Enumerable.Range(0, count).SelectMany(n => new[] { (Letters.Ham(n), false), (Letters.Spam(n), true) }).Select(l =>
        {
            using var grams = Read(Letters.Input(l.Item1));
            return new Example(0, l.Item2, []) { Grams = LearnedMessages.Pack(grams.ToArray()) };
        }),
    ];

    private static uint[] Places(string text)
    {
        using var grams = Read(SpamMail.Input(Encoding.UTF8.GetBytes(text)));
        return grams.ToArray();
    }

    private static GramSet Read(SpamInput input)
    {
        using var body = input.Body;
        var grams = new GramSet();
        grams.Read(new SpamContext(input, default).Content);
        return grams;
    }
}
