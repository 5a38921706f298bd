using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Learning;

public sealed class TokenTests
{
    [Theory]
    [InlineData("buy vi\u200Bagra now", "viagra")]
    [InlineData("buy vi\u0430gra now", "viagra")]
    [InlineData("buy v i a g r a now", "viagra")]
    [InlineData("buy v1agra now", "viagra")]
    [InlineData("ORDER 4519887712", "0000000000")]
    [InlineData("only $ 50", "$")]
    [InlineData("don't re-use", "re-use")]
    [InlineData("Größe ändern", "größe")]
    [InlineData("免费赠品", "费赠")]
    public void Words_survive_the_usual_tricks(string text, string token) => Assert.Contains(token, Names($"Subject: x\n\n{text}\n"));

    [Theory]
    [InlineData("From: \"Your Bank\" <help@mail.bank.example>", "from domain bank.example")]
    [InlineData("From: \"Your Bank\" <help@mail.bank.example>", "from name bank")]
    [InlineData("X-Mailer: The Bat! (v1.52)", "program bat")]
    [InlineData("Subject: =?utf-8?b?RnJlZSBnaWZ0?=", "subject gift")]
    [InlineData("Date: Mon, 1 Jun 2026 10:00:00 +0900 (JST)", "zone +0900")]
    [InlineData("Message-ID: <20260601.AB12@x.example>", "message-id like <0.A0")]
    [InlineData("X-Priority: 3", "x-priority 3")]
    public void Header_tokens_say_where_they_stand(string field, string token) => Assert.Contains(token, Names($"{field}\n\ntext\n"));

    [Theory]
    [InlineData("Received: from a.example by b.example", "a.example")]
    [InlineData("Return-Path: <secret@a.example>", "secret")]
    [InlineData("Authentication-Results: mx.example; spf=pass", "spf")]
    [InlineData("X-Spam-Status: Yes, score=99", "99")]
    public void What_receiving_servers_write_is_not_looked_at(string field, string token) =>
        Assert.DoesNotContain(Names($"{field}\nSubject: x\n\ntext\n"), name => name.Contains(token, StringComparison.Ordinal));

    [Fact]
    public void Html_tells_by_its_make()
    {
        var names = Names("Content-Type: text/html\n\n<TABLE BGCOLOR=\"#FF0000\"><td style=\"font-size:1px; color: red\">x</td></TABLE>\n");
        Assert.Contains("tag table", names);
        Assert.Contains("has bgcolor+#ff0000", names);
        Assert.Contains("has font-size+1px", names);
        Assert.Contains("has color+red", names);
    }

    [Fact]
    public void A_token_is_there_once_and_their_number_has_an_end()
    {
        using var tokens = new TokenSet();
        tokens.Add(TokenGroup.Word, "", "again");
        tokens.Add(TokenGroup.Word, "", "again");
        Assert.Equal(1, tokens.Count);
        for (var n = 0; n < 10_000; n++) tokens.Add(TokenGroup.Word, "", $"word{n}");
        Assert.Equal(TokenSet.Most, tokens.Count);
    }

    private static List<string> Names(string text)
    {
        var context = Letters.Context(text);
        using var tokens = new TokenSet();
        MessageTokens.Read(context.Content, context.Input.Root, tokens);
        return [.. Enumerable.Range(0, tokens.Count).Select(tokens.NameOf)];
    }
}
