using System.Collections.Concurrent;
using Microsoft.Playwright;
using Xunit;

namespace Aviso.Tests.System.Browser;

/// <summary>What a person does not see of a page: errors, refusals of its policy, requests that lead elsewhere, dialogs.</summary>
internal sealed class PageWatch
{
    private readonly string _origin;
    private readonly ConcurrentQueue<string> _troubles = new();
    private readonly List<string> _expected = [];

    public PageWatch(IBrowserContext context, string origin)
    {
        _origin = origin;
        context.Console += (_, message) =>
        {
            if (message.Type == "error") Note($"console: {message.Text} ({message.Location})");
        };
        context.WebError += (_, error) => Note($"exception: {error.Error}");
        context.Request += (_, request) =>
        {
            if (IsForeign(request.Url)) Note($"request: {request.Method} {request.Url}");
        };
        context.Dialog += (_, dialog) =>
        {
            Note($"dialog: {dialog.Type} {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        context.Page += (_, page) => Pages.Enqueue(page);
    }

    /// <summary>All that were opened, by whomever.</summary>
    public ConcurrentQueue<IPage> Pages { get; } = new();

    public IReadOnlyCollection<string> Troubles => [.. _troubles.Where(t =>
        !_expected.Exists(e => t.Contains(e, StringComparison.Ordinal)))];

    /// <summary>Troubles that hold these words belong to what the test does.</summary>
    public void Expect(string words) => _expected.Add(words);

    /// <summary>
    /// Chromium asks the frame's policy about much that the sanitiser parses, though in a document that runs nothing, and says so. That
    /// nothing of it stands in the message itself is looked at by the tests that allow this.
    /// </summary>
    public void ExpectWordsOfTheSanitiser()
    {
        Expect($"console: Executing inline event handler violates the following Content Security Policy directive 'script-src "
            + $"{_origin}/m/frame.");
        Expect($"The action has been blocked. ({_origin}/m/frame");
    }

    public void AssertQuiet(string when = "") => Assert.True(Troubles.Count == 0, $"{when}\n{string.Join('\n', Troubles)}");

    private bool IsForeign(string url) => !url.StartsWith(_origin + "/", StringComparison.Ordinal)
        && !url.StartsWith("data:", StringComparison.Ordinal) && !url.StartsWith($"blob:{_origin}/", StringComparison.Ordinal)
        && !url.StartsWith("blob:null/", StringComparison.Ordinal) && url != "about:blank" && url != "about:srcdoc";

    // Who is not signed in is told so when the page asks; the browser calls that an error.
    private void Note(string trouble)
    {
        if (trouble.Contains("status of 401", StringComparison.Ordinal) && trouble.Contains("/session", StringComparison.Ordinal)) return;
        _troubles.Enqueue(trouble);
    }
}
