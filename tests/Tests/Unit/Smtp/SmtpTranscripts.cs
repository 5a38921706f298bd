using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Aviso.Smtp;
using Aviso.Tests.Unit.Lines;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.Smtp;

/// <summary>Runs Transcripts/Smtp/*.txt in every cut; what the files hold is told at <see cref="Transcript"/>.</summary>
public sealed partial class SmtpTranscripts
{
    // RFC 2920 §3.1: after these a client waits.
    private static readonly string[] LastInGroup = ["EHLO", "HELO", "LHLO", "DATA", "VRFY", "EXPN", "NOOP", "QUIT", "STARTTLS", "AUTH"];

    public static TheoryData<string, Cut> Cases()
    {
        var cases = new TheoryData<string, Cut>();
        foreach (var name in Names())
        {
            foreach (var cut in Enum.GetValues<Cut>())
            {
                if (Load(name).Settings.GetValueOrDefault("cut") is not { } only || only.Split(' ').Contains(cut.ToString())) cases.Add(name, cut);
            }
        }
        return cases;
    }

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Transcripts", "Smtp");

    private static IEnumerable<string> Names() =>
        Directory.GetFiles(Folder, "*.txt").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal);

    private static Transcript Load(string name) => Transcript.Read(File.ReadAllLines(Path.Combine(Folder, name + ".txt")));

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Transcript_runs(string name, Cut cut)
    {
        var script = Load(name);
        var clock = script.Steps.Exists(s => s.Kind == 'A') ? new ManualClock() : null;
        var host = Host(script, clock);
        await using var pair = host.Connect(
            script.Settings.ContainsKey("tls") || script.Settings.ContainsKey("implicit"), script.Settings.ContainsKey("clearlogin"));
        var run = Serve(host, pair, script.Settings.ContainsKey("implicit"));
        var client = new SmtpPeer(pair);
        if (script.Settings.ContainsKey("implicit")) await client.StartTlsAsync();
        await Play(script, cut, pair, client, clock);
        await client.FinishAsync();
        Assert.Null(await client.ReadLineAsync());
        await run.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(script.Envelopes, script.Envelopes.Count == 0 ? [] : host.Taken.Select(t => Envelope(t.Transaction, t.Recipients)));
        Assert.Equal(script.Messages, host.Taken.Select(t => t.Text));
        Assert.Equal(0, host.Spool.InFlight);
        foreach (var line in script.Logged) Assert.Contains(host.Log.Lines, l => Transcript.Fits(line, l));
        Assert.DoesNotContain(host.Log.Lines, l => l.Contains(SmtpHost.Password, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_command_of_the_table_stands_in_a_transcript()
    {
        var said = Names().SelectMany(n => Load(n).Steps).Where(s => s.Kind == 'C')
            .Select(s => s.Text.Split(' ', '\r')[0].ToUpperInvariant()).ToHashSet();
        Assert.Equal([], SmtpCommand.All.Select(c => c.Verb).Except(said));
    }

    [Fact]
    public void Every_reply_of_the_catalogue_is_heard_in_a_transcript()
    {
        var heard = Names().SelectMany(n => Load(n).Steps).Where(s => s.Kind == 'S').Select(s => s.Text).ToList();
        // It takes two hours; SmtpSessionTests hears it.
        heard.Add(Replies.SessionTooLong.ToString());
        // What is said by order of the guard; SmtpSessionTests hears it too.
        heard.AddRange([Replies.EarlyTalker.ToString(), Replies.TooManyCommands.ToString()]);
        // It takes other clients; SpoolShareTests hears it.
        heard.Add(Replies.TooSlow.ToString());
        // What is said at the door; WireHostTests and ProtocolEvidenceTests hear it.
        heard.Add(Replies.AtTheDoor.With("Busy, try again later").ToString());
        Assert.Empty(Catalogue().Where(r => !heard.Exists(h =>
            Transcript.Fits(r.Reply.ToString().Replace("{0}", "<any>", StringComparison.Ordinal), h))).Select(r => r.Name));
    }

    [Fact]
    public void Every_reply_of_the_catalogue_is_said_somewhere()
    {
        var source = string.Concat(
            Directory.GetFiles(Path.Combine(Checkout.Root, "src", "Wire", "Smtp"), "*.cs", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) != "Replies.cs").Select(File.ReadAllText));
        var said = Said().Matches(source).Select(m => m.Groups[1].Value).ToHashSet();
        Assert.Equal([], Catalogue().Select(r => r.Name).Except(said));
    }

    /// <summary>"sender > recipient, recipient PROTOCOL" and, where given, what MAIL, RCPT and AUTH said.</summary>
    internal static string Envelope(MailTransaction t, IReadOnlyList<MailRecipient> recipients)
    {
        var text = new StringBuilder($"{t.Sender} > {string.Join(", ", recipients.Select(Recipient))} {t.Client.Protocol}");
        var p = t.Parameters;
        if (p.Size is { } size) text.Append($" SIZE={size}");
        if (p.Body != BodyType.SevenBit) text.Append($" {p.Body}");
        if (p.SmtpUtf8) text.Append(" SMTPUTF8");
        if (p.Return is { } ret) text.Append($" RET={ret}");
        if (p.EnvelopeId is { } id) text.Append($" ENVID={id}");
        if (p.SubmitterAuth is { } auth) text.Append($" AUTH={auth}");
        if (t.Client.Login is { } login) text.Append($" by {login.Address}");
        return text.ToString();

        static string Recipient(MailRecipient r) =>
            r + (r.Notify is null ? "" : $" NOTIFY={r.Notify}") + (r.OriginalRecipient is null ? "" : $" ORCPT={r.OriginalRecipient}");
    }

    private static SmtpHost Host(Transcript script, ManualClock? clock)
    {
        var host = new SmtpHost(script.Kind, options => Limit(options, script.Settings.GetValueOrDefault("limit", "")), clock,
            long.Parse(script.Settings.GetValueOrDefault("spool", "10000000")), login: !script.Settings.ContainsKey("nologin"))
        {
            BeginFails = script.Settings.ContainsKey("beginfails"),
            HasTokens = script.Settings.ContainsKey("tokens"),
            ScramOffered = !script.Settings.ContainsKey("noscram"),
        };
        return host;
    }

    private static SmtpServerOptions Limit(SmtpServerOptions options, string limits)
    {
        options = options with { };
        foreach (var limit in limits.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('=')))
        {
            var property = typeof(SmtpServerOptions).GetProperty(limit[0])!;
            property.SetValue(options, Convert.ChangeType(limit[1], property.PropertyType));
        }
        return options;
    }

    private static async Task Serve(SmtpHost host, WirePair pair, bool implicitTls)
    {
        if (implicitTls) Assert.True(await pair.Server.StartTlsAsync(default));
        await host.Server.RunAsync(pair.Server);
        await pair.Server.DisposeAsync();
    }

    private static async Task Play(Transcript script, Cut cut, WirePair pair, SmtpPeer client, ManualClock? clock)
    {
        var unsent = new List<string>();
        var awaited = new List<string>();
        var (mustWait, challenged) = (true, false);
        foreach (var (kind, text) in script.Steps)
        {
            if (kind == 'C')
            {
                if (mustWait || (cut != Cut.Whole && awaited.Count > 0)) await Exchange();
                mustWait = LastInGroup.Contains(text.Split(' ', '\r')[0], StringComparer.OrdinalIgnoreCase) || challenged;
                challenged = false;
                unsent.Add(text);
                continue;
            }
            if (kind == 'S')
            {
                awaited.Add(text);
                challenged = text.StartsWith("334", StringComparison.Ordinal);
                continue;
            }
            await Exchange();
            switch (kind)
            {
                case 's': Assert.Null(await client.ReadLineAsync()); break;
                case 'T': await client.StartTlsAsync(); break;
                case 'D': pair.Drain(); break;
                case 'A': client.WhileWaiting = () => clock!.Advance(TimeSpan.FromSeconds(int.Parse(text))); break;
                default: throw new FormatException($"step {kind}");
            }
        }
        await Exchange();

        async Task Exchange()
        {
            if (unsent.Count > 0) await client.SendAsync(unsent, cut);
            unsent.Clear();
            foreach (var line in awaited)
            {
                var got = await client.ReadLineAsync();
                if (got is null || !Transcript.Fits(line, got))
                    Assert.Fail($"wanted\n  {line}\ngot\n  {got ?? "(end)"}\nall:\n{string.Join('\n', client.Heard)}");
            }
            awaited.Clear();
        }
    }

    private static IEnumerable<(string Name, Reply Reply)> Catalogue() =>
        typeof(Replies).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (f.Name, (Reply)f.GetValue(null)!));

    [GeneratedRegex(@"\bReplies\.(\w+)")]
    private static partial Regex Said();
}
