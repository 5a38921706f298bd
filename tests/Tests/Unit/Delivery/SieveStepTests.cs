using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Mime;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Sieve at delivery on a real store: what becomes of a message, and that nothing loses it.</summary>
public sealed class SieveStepTests : IAsyncLifetime
{
    private const string Message = "From: Bob <bob@example.org>\r\nTo: alice@example.test\r\nSubject: hello\r\nMessage-ID: <1@example.org>\r\n\r\nText\r\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-sieve-").FullName;
    private TestStore _store = null!;
    private AccountId _account;
    private SieveScripts _scripts = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        (_account, _) = await _store.AccountAsync();
        _scripts = new(_store.Store, _store.Clock);
    }

    public async ValueTask DisposeAsync()
    {
        _scripts.Dispose();
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Without_any_script_the_message_is_kept()
    {
        var plan = await RunAsync(null);
        Assert.Equal([FiledCopy.Inbox], plan.Copies);
        Assert.Null(plan.Error);
        Assert.Empty(plan.Letters);
    }

    [Fact]
    public async Task A_message_goes_into_a_mailbox_that_is_made_with_its_flags()
    {
        var plan = await RunAsync(
            "require [\"fileinto\", \"mailbox\", \"imap4flags\"]; fileinto :create :flags [\"\\\\Seen\", \"$Work\"] \"Lists/A\";");
        var copy = Assert.Single(plan.Copies);
        Assert.Equal(("Lists/A", SystemFlags.Seen), (copy.Mailbox, copy.Flags));
        Assert.Equal(["$Work"], copy.Keywords);
        Assert.NotNull(await _store.Store.FindMailboxAsync(_account, "Lists/A", Cancel));
    }

    [Fact]
    public async Task A_mailbox_that_is_not_there_means_the_inbox_and_one_note_a_day()
    {
        const string Script = "require \"fileinto\"; fileinto \"Nowhere\";";
        var plan = await RunAsync(Script);
        Assert.Equal("INBOX", Assert.Single(plan.Copies).Mailbox);
        Assert.Contains("Nowhere", plan.Error, StringComparison.Ordinal);
        var note = Assert.Single(await CommitAsync(plan));
        Assert.Equal("note", note.Kind);
        var text = Encoding.UTF8.GetString(note.Message);
        Assert.Contains("Nowhere", text, StringComparison.Ordinal);
        Assert.Contains("Subject: Your mail filter \"main\" failed\r\n", text, StringComparison.Ordinal);
        Assert.Empty(await CommitAsync(await RunAsync(Script)));
        Assert.Single(await CommitAsync(await RunAsync(Script, name: "other")));
        _store.Clock.Advance(TimeSpan.FromDays(1.1));
        Assert.Single(await CommitAsync(await RunAsync(Script)));
    }

    [Fact]
    public async Task A_script_that_no_longer_compiles_keeps_the_mail_and_says_so()
    {
        var plan = await RunAsync("require \"no-such-extension\"; discard;");
        Assert.Equal("INBOX", Assert.Single(plan.Copies).Mailbox);
        Assert.False(plan.Discarded);
        Assert.NotNull(plan.Error);
        Assert.Equal("note", Assert.Single(plan.Letters).Kind);
    }

    [Fact]
    public async Task Discard_and_reject_leave_no_copy()
    {
        Assert.True((await RunAsync("discard;")).Discarded);
        var rejected = await RunAsync("require \"ereject\"; ereject \"Go away\";");
        Assert.Empty(rejected.Copies);
        Assert.Equal(new SieveRejection("Go away", true), rejected.Reject);
        Assert.False(rejected.Discarded);
    }

    [Fact]
    public async Task A_redirect_goes_out_once_and_never_in_a_circle()
    {
        var plan = await RunAsync("redirect \"carol@elsewhere.example\";");
        var forward = Assert.Single(plan.Redirects);
        Assert.Equal("carol@elsewhere.example", forward.Address);
        Assert.Empty(plan.Copies);
        var again = await RunAsync("redirect \"carol@elsewhere.example\";", Encoding.UTF8.GetString(forward.Prefix.Span) + Message);
        Assert.Empty(again.Redirects);
        Assert.Equal("INBOX", Assert.Single(again.Copies).Mailbox);
    }

    [Fact]
    public async Task A_vacation_answers_each_sender_once_in_its_days()
    {
        const string Script = "require \"vacation\"; vacation :days 3 :subject \"Away\" \"I am away.\";";
        var first = await RunAsync(Script);
        Assert.Equal("INBOX", Assert.Single(first.Copies).Mailbox);
        var letter = Assert.Single(await CommitAsync(first));
        Assert.Equal(("vacation", "bob@example.org"), (letter.Kind, Assert.Single(letter.To)));
        var text = Encoding.UTF8.GetString(letter.Message);
        Assert.Contains("Auto-Submitted: auto-replied\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Subject: Away\r\n", text, StringComparison.Ordinal);
        Assert.Contains("In-Reply-To: <1@example.org>\r\n", text, StringComparison.Ordinal);
        Assert.Contains("References: <1@example.org>\r\n", text, StringComparison.Ordinal);
        Assert.Contains("From: alice@example.test\r\n", text, StringComparison.Ordinal);
        Assert.Contains("\r\n\r\nI am away.", text, StringComparison.Ordinal);
        Assert.Empty(await CommitAsync(await RunAsync(Script)));
        Assert.Single(await CommitAsync(await RunAsync(Script, sender: "carol@example.org")));
        _store.Clock.Advance(TimeSpan.FromDays(3.1));
        Assert.Single(await CommitAsync(await RunAsync(Script)));
    }

    // An address in letters beyond ASCII was compared as it was written: the message was to nobody of ours, and :from asked for SMTPUTF8.
    [Theory]
    [InlineData("To: alice@xn--exmple-cua.test", "bob@xn--bcher-kva.example", "")]
    [InlineData("To: alice@ex\u00e4mple.test", "bob@b\u00fccher.example", "")]
    [InlineData("To: ALICE@EX\u00c4MPLE.TEST", "bob@xn--bcher-kva.example", ":from \"Alice <alice@ex\u00e4mple.test>\"")]
    public async Task A_vacation_knows_its_own_address_in_either_form(string to, string sender, string from)
    {
        var step = new SieveStep(new() { HostName = "mail.example.test" }, _scripts, _store.Store, _store.Clock, NullLogger.Instance)
        {
            MaySendAs = (_, address) => AddressComparer.Instance.Equals(address, "alice@ex\u00e4mple.test"),
        };
        await _scripts.PutAsync(_account, "main", Encoding.UTF8.GetBytes($"require \"vacation\"; vacation {from} \"I am away.\";"), Cancel);
        await _scripts.SetActiveAsync(_account, "main", Cancel);
        var input = Input(Message.Replace("To: alice@example.test", to, StringComparison.Ordinal), sender, out var body) with
        {
            OwnAddresses = ["alice@ex\u00e4mple.test"],
        };
        using var _ = body;
        var letter = Assert.Single(await step.CommitAsync(_account, await step.RunAsync(input, Cancel), Cancel));
        var text = Encoding.UTF8.GetString(letter.Message);
        Assert.True(Ascii.IsValid(text), text);
        Assert.Contains("alice@xn--exmple-cua.test", text, StringComparison.OrdinalIgnoreCase);
        // The same sender in the other form has had its answer.
        var again = sender.Contains("xn--", StringComparison.Ordinal) ? "bob@b\u00fccher.example" : "bob@xn--bcher-kva.example";
        Assert.Empty(await step.CommitAsync(_account, await step.RunAsync(input with { Sender = again }, Cancel), Cancel));
    }

    [Theory]
    [InlineData("mailto:carol@b%C3%BCcher.example", "", "carol@xn--bcher-kva.example")]
    [InlineData("mailto:carol@far.example", ":from \"alice@ex\u00e4mple.test\"", "carol@far.example")]
    public async Task A_notification_goes_under_a_labels(string method, string from, string to)
    {
        var step = new SieveStep(new() { HostName = "mail.example.test" }, _scripts, _store.Store, _store.Clock, NullLogger.Instance)
        {
            MaySendAs = (_, address) => AddressComparer.Instance.Equals(address, "alice@ex\u00e4mple.test"),
        };
        var plan = await RunAsync($"require \"enotify\"; notify {from} \"{method}\";", step: step);
        var letter = Assert.Single(plan.Letters);
        Assert.Equal([to], letter.To);
        var text = Encoding.UTF8.GetString(letter.Message);
        Assert.True(Ascii.IsValid(text), text);
        if (from.Length > 0) Assert.Contains("From: alice@xn--exmple-cua.test\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_remembered_of_a_message_that_was_not_stored()
    {
        const string Script = "require [\"vacation\", \"duplicate\"]; if duplicate { discard; stop; } vacation \"I am away.\";";
        await RunAsync(Script);
        var second = await RunAsync(Script);
        Assert.False(second.Discarded);
        Assert.Single(await CommitAsync(second));
        Assert.True((await RunAsync(Script)).Discarded);
    }

    [Fact]
    public async Task A_notification_is_marked_as_one_and_not_notified_of()
    {
        const string Script = "require \"enotify\"; notify :importance \"1\" :message \"News\" \"mailto:carol@elsewhere.example\";";
        var letter = Assert.Single((await RunAsync(Script)).Letters);
        Assert.Equal(("notify", "carol@elsewhere.example"), (letter.Kind, Assert.Single(letter.To)));
        var text = Encoding.UTF8.GetString(letter.Message);
        Assert.Contains("Auto-Submitted: auto-notified;", text, StringComparison.Ordinal);
        Assert.Contains("Importance: High\r\n", text, StringComparison.Ordinal);
        Assert.Empty((await RunAsync(Script, "Auto-Submitted: auto-notified\r\n" + Message)).Letters);
    }

    [Fact]
    public async Task The_administrators_scripts_run_around_the_accounts_and_are_read_again_when_they_change()
    {
        var before = Path.Combine(_folder, "before.sieve");
        await File.WriteAllTextAsync(before, "if header \"Subject\" \"secret\" { discard; }", Cancel);
        var step = Step(o => o with { Before = [before], After = [Path.Combine(_folder, "gone.sieve")] });
        Assert.Equal("INBOX", Assert.Single((await RunAsync("keep;", step: step)).Copies).Mailbox);
        Assert.True((await RunAsync("keep;", Message.Replace("hello", "secret", StringComparison.Ordinal), step: step)).Discarded);
        await File.WriteAllTextAsync(before, "if header \"Subject\" \"hello\" { discard; } # longer", Cancel);
        Assert.True((await RunAsync("keep;", step: step)).Discarded);
        await File.WriteAllTextAsync(before, "this is wrong", Cancel);
        Assert.True((await RunAsync("keep;", step: step)).Discarded);
    }

    [Fact]
    public async Task Includes_come_from_the_account_and_from_the_global_folder_only()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "common.sieve"), "discard;", Cancel);
        await File.WriteAllTextAsync(Path.Combine(_folder, "..", Path.GetFileName(_folder) + ".sieve"), "discard;", Cancel);
        var step = Step(o => o with { GlobalFolder = _folder });
        try
        {
            Assert.True((await RunAsync("require \"include\"; include :global \"common\";", step: step)).Discarded);
            Assert.NotNull((await RunAsync($"require \"include\"; include :global \"../{Path.GetFileName(_folder)}\";", step: step)).Error);
            await _scripts.PutAsync(_account, "mine", "discard;"u8.ToArray(), Cancel);
            Assert.True((await RunAsync("require \"include\"; include :personal \"mine\";", step: step)).Discarded);
            await File.WriteAllTextAsync(Path.Combine(_folder, "wrong.sieve"), "kepp;", Cancel);
            for (var i = 0; i < 2; i++) Assert.Contains("kepp", (await RunAsync("require \"include\"; include :global \"wrong\";", step: step)).Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(_folder + ".sieve");
        }
    }

    [Fact]
    public async Task Special_use_and_mailboxid_find_their_mailboxes()
    {
        var made = await _store.Store.CreateMailboxAsync(_account, "Spam here", SpecialUse.Junk, Cancel);
        var junk = made.Value ?? (await _store.Store.ListMailboxesAsync(_account, Cancel)).First(m => m.SpecialUse == SpecialUse.Junk);
        Assert.Equal(junk.Name, Assert.Single((await RunAsync("require [\"fileinto\", \"special-use\"]; fileinto :specialuse \"\\\\Junk\" \"INBOX\";")).Copies).Mailbox);
        Assert.Equal(junk.Name, Assert.Single((await RunAsync($"require [\"fileinto\", \"mailboxid\"]; fileinto :mailboxid \"{junk.Id}\" \"INBOX\";")).Copies).Mailbox);
    }

    [Fact]
    public async Task A_fault_of_the_store_keeps_the_mail()
    {
        await _scripts.PutAsync(_account, "main", "discard;"u8.ToArray(), Cancel);
        await _scripts.SetActiveAsync(_account, "main", Cancel);
        var input = Input(Message, "bob@example.org", out var body);
        using (body)
        {
            // A store that is closed throws at everything.
            var other = await TestStore.OpenAsync();
            await other.DisposeAsync();
            using var broken = new SieveScripts(other.Store, _store.Clock);
            var plan = await new SieveStep(new() { HostName = "mail.example.test" }, broken, other.Store, _store.Clock, NullLogger.Instance).RunAsync(input, Cancel);
            Assert.Equal("INBOX", Assert.Single(plan.Copies).Mailbox);
            Assert.NotNull(plan.Error);
        }
    }

    [Fact]
    public async Task A_budget_that_is_up_keeps_the_mail()
    {
        var plan = await RunAsync(
            "require \"mailbox\"; if mailboxexists \"INBOX\" { discard; }", step: Step(o => o with { Budget = TimeSpan.Zero }));
        Assert.False(plan.Discarded);
        Assert.Equal("INBOX", Assert.Single(plan.Copies).Mailbox);
    }

    [Fact]
    public async Task A_trial_over_stored_mail_counts_by_action_and_changes_nothing()
    {
        foreach (var subject in new[] { "list one", "list two", "other" })
        {
            using var body = _store.Body(Message.Replace("hello", subject, StringComparison.Ordinal));
            await _store.Store.AcceptAsync(new(body, TestStore.Rendered(), [new(_account, "INBOX", "Return-Path: <bob@example.org>\r\n"u8.ToArray(), SystemFlags.None, [])], null)
            { ReceivedAt = _store.Clock.Seconds }, Cancel);
        }
        var step = Step();
        var script = step.Compile("rules", "require [\"fileinto\", \"mailbox\"]; if header :contains \"subject\" \"list\" { fileinto :create \"Lists\"; }"u8).Script!;
        var report = await new SieveTrials(step, _store.Store, _store.Clock).RunAsync(_account, "alice@example.test", "inbox", script, 100, Cancel);
        Assert.Equal((3, 2), (report!.LookedAt, report.Moved));
        Assert.Equal(("file into Lists", 2), (report.Would[0].Action, report.Would[0].Messages));
        Assert.Contains("list two", report.Would[0].Examples[0], StringComparison.Ordinal);
        Assert.Null(await _store.Store.FindMailboxAsync(_account, "Lists", Cancel));
        Assert.Null(await new SieveTrials(step, _store.Store, _store.Clock).RunAsync(_account, "alice@example.test", "Nowhere", script, 100, Cancel));
    }

    [Theory]
    [InlineData("header :is \"x-spam-flag\" \"YES\"")]
    [InlineData("spamtest :percent :value \"eq\" :comparator \"i;ascii-numeric\" \"60\"")]
    [InlineData("virustest :value \"eq\" :comparator \"i;ascii-numeric\" \"5\"")]
    [InlineData("environment \"remote-ip\" \"2001:db8::9\"")]
    [InlineData("environment \"remote-host\" \"mx.example.org\"")]
    [InlineData("envelope \"from\" \"bob@example.org\"")]
    [InlineData("envelope :detail \"to\" \"lists\"")]
    [InlineData("envelope :localpart \"to\" \"sales+lists\"")]
    public async Task A_trial_sees_what_delivery_knew(string test)
    {
        const string Own = "Return-Path: <bob@example.org>\r\nDelivered-To: alice@example.test\r\nX-Spam-Flag: YES\r\nX-Spam-Result: score=9.0; action=tag;\r\n\tA=1.0; VIRUS=8.0;\r\n"
            + "Authentication-Results: mail.example.test;\r\n\tiprev=pass policy.iprev=\"2001:db8::9\" (mx.example.org);\r\n\tspf=none smtp.mailfrom=bob@example.org\r\n"
            + "Received: from relay ([192.0.2.1])\r\n\tby mail.example.test with ESMTP\r\n\tid 1\r\n\tfor <sales+lists@example.test>; Mon, 21 Sep 2026 14:13:20 +0000\r\n";
        using var body = _store.Body(Message);
        await _store.Store.AcceptAsync(new(body, TestStore.Rendered(), [new(_account, "INBOX", Encoding.ASCII.GetBytes(Own), SystemFlags.None, [])], null)
        { ReceivedAt = _store.Clock.Seconds }, Cancel);
        var step = Step();
        var compiled = step.Compile("rules", Encoding.UTF8.GetBytes("require [\"envelope\", \"subaddress\", \"spamtestplus\", \"spamtest\", \"virustest\", \"environment\", \"relational\","
            + $" \"comparator-i;ascii-numeric\"]; if {test} {{ discard; }}"));
        Assert.Empty(compiled.Errors);
        Assert.Equal(1, (await new SieveTrials(step, _store.Store, _store.Clock).RunAsync(_account, "alice@example.test", "inbox", compiled.Script!, 100, Cancel))!.Moved);
    }

    [Theory]
    [InlineData("address :list \"from\" \":addrbook:default\"", true)]
    [InlineData("address :list \"from\" \"urn:ietf:params:sieve:addrbook:default\"", true)]
    [InlineData("address :list \"to\" \":addrbook:default\"", false)]
    [InlineData("valid_ext_list \":addrbook:default\"", true)]
    [InlineData("valid_ext_list [\":addrbook:default\", \"tag:x.example,2026:y\"]", false)]
    public async Task The_address_book_is_whom_the_account_wrote_to(string test, bool holds)
    {
        var step = new SieveStep(new() { HostName = "mail.example.test" }, _scripts, _store.Store, _store.Clock, NullLogger.Instance)
        {
            Knows = (account, address, _) => new(account == _account && address == "bob@example.org"),
        };
        var plan = await RunAsync($"require \"extlists\"; if {test} {{ discard; }}", step: step);
        Assert.Null(plan.Error);
        Assert.Equal(holds, plan.Discarded);
    }

    private SieveStep Step(Func<SieveStepOptions, SieveStepOptions>? with = null)
    {
        var options = new SieveStepOptions { HostName = "mail.example.test" };
        return new(with?.Invoke(options) ?? options, _scripts, _store.Store, _store.Clock, NullLogger.Instance);
    }

    private SieveInput Input(string message, string sender, out SpooledBody body)
    {
        body = _store.Body(message);
        var scanner = new MimeScanner();
        scanner.Append(Encoding.UTF8.GetBytes(message));
        return new(_account, "alice@example.test", body, scanner.Finish(), sender, "alice@example.test");
    }

    private async Task<SievePlan> RunAsync(
        string? script, string message = Message, string sender = "bob@example.org", SieveStep? step = null, string name = "main")
    {
        if (script is not null)
        {
            await _scripts.PutAsync(_account, name, Encoding.UTF8.GetBytes(script), Cancel);
            await _scripts.SetActiveAsync(_account, name, Cancel);
        }
        var input = Input(message, sender, out var body);
        using (body) return await (step ?? Step()).RunAsync(input, Cancel);
    }

    // A message for a hundred people with costly scripts cost a hundred times what one may.
    [Fact]
    public async Task All_recipients_of_a_message_share_one_budget_and_whose_script_is_not_run_keeps_it_and_is_told()
    {
        var rules = string.Concat(Enumerable.Repeat("if header :contains \"subject\" \"zz\" { stop; }\r\n", 100));
        await _scripts.PutAsync(_account, "main", Encoding.UTF8.GetBytes($"require \"fileinto\"; {rules} fileinto \"INBOX\";"), Cancel);
        await _scripts.SetActiveAsync(_account, "main", Cancel);
        var options = new SieveStepOptions { HostName = "mail.example.test", Limits = new() { Steps = 1_000 } };
        var step = new SieveStep(options, _scripts, _store.Store, _store.Clock, NullLogger.Instance);
        var input = Input(Message, "bob@example.org", out var body);
        using var _ = body;
        var alone = await step.RunAsync(input, Cancel);
        Assert.Null(alone.Error);
        var together = new List<SievePlan>();
        input = input with { Budget = step.Begin() };
        for (var i = 0; i < 40; i++) together.Add(await step.RunAsync(input, Cancel));
        Assert.Null(together[0].Error);
        Assert.Equal("main: not run: the scripts of this message's other recipients took all that one message may", together[^1].Error);
        Assert.All(together, p => Assert.Equal("INBOX", Assert.Single(p.Copies).Mailbox));
        Assert.Equal("note", Assert.Single(together[^1].Letters).Kind);
        // One that began with little left says so too; a new message begins anew.
        Assert.InRange(together.Count(p => p.Error is null), 2, 30);
        Assert.Null((await step.RunAsync(input with { Budget = step.Begin() }, Cancel)).Error);
    }

    [Fact]
    public async Task Time_that_the_scripts_of_others_took_is_gone_for_all()
    {
        await _scripts.PutAsync(_account, "main", "discard;"u8.ToArray(), Cancel);
        await _scripts.SetActiveAsync(_account, "main", Cancel);
        var input = Input(Message, "bob@example.org", out var body) with { Budget = Step().Begin() };
        using var _ = body;
        _store.Clock.Advance(TimeSpan.FromSeconds(31));
        var plan = await Step().RunAsync(input, Cancel);
        Assert.Equal("INBOX", Assert.Single(plan.Copies).Mailbox);
        Assert.Contains("not run", plan.Error, StringComparison.Ordinal);
    }

    private ValueTask<IReadOnlyList<SieveLetter>> CommitAsync(SievePlan plan) => Step().CommitAsync(_account, plan, Cancel);
}
