// Measures Aviso beside its peers (Postfix, LMTP and Dovecot from Debian) with the same load in the same run. Whole-server figures
// come from the peers' scripts, which stand outside this repository (../shared/peers, or AVISO_PEERS); what counts is CPU per
// operation and the ratio, since wall-clock rates move with the machine.
using Aviso.Bench;

var names = string.Join(' ', Cases.All.Keys.Append("micro"));
if (args.Length == 0 || args[0] is "-h" or "--help")
{
    Console.WriteLine($"usage: dev bench NAME... [--runs N] [--write]\nNAME: {names} all\n"
        + "--write puts the table into docs/bench.md. Needs root (the peers run under their own users), and for the peers the\n"
        + "Debian packages postfix postfix-pcre dovecot-imapd dovecot-lmtpd dovecot-sieve dovecot-managesieved gcc python3.");
    return args.Length == 0 ? 2 : 0;
}
var wanted = args.TakeWhile(arg => !arg.StartsWith("--", StringComparison.Ordinal)).ToList();
if (wanted is ["micro"])
{
    Micro.Run(args[1..]);
    return 0;
}
if (wanted is ["all"]) wanted = [.. Cases.All.Keys];
if (wanted.Find(name => !Cases.All.ContainsKey(name)) is { } unknown)
{
    await Console.Error.WriteLineAsync($"no benchmark is called {unknown}; there are: {names}");
    return 2;
}
var at = Array.IndexOf(args, "--runs");
var runs = at >= 0 && int.TryParse(args[at + 1], out var given) ? given : 3;
if (Scripts.Folder is null)
{
    await Console.Error.WriteLineAsync("the peers' scripts are not there: set AVISO_PEERS to their folder");
    return 3;
}
await using var peers = await PeerStack.StartAsync();
var tables = new List<Table>();
foreach (var name in wanted)
{
    Console.WriteLine($"== {name}");
    await using var aviso = await AvisoTarget.StartAsync();
    tables.Add(await Cases.All[name](new(aviso, peers, runs)));
    Console.WriteLine(tables[^1]);
}
if (args.Contains("--write")) Page.Write(tables);
return 0;
