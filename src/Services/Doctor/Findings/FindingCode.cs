namespace Aviso.Doctor;

/// <summary>How much a finding matters.</summary>
public enum Severity
{
    /// <summary>Worth knowing; nobody is told of it and no exit status says so.</summary>
    Information,

    /// <summary>Mail is worse off than it should be, or will be.</summary>
    Warning,

    /// <summary>Mail is lost, refused or put aside because of it.</summary>
    Error,
}

/// <summary>
/// What can be wrong: the one catalogue that findings, metrics, events, the page docs/doctor.md and the tests speak from. Words do not
/// change: alerts of others are made of them.
/// </summary>
public sealed class FindingCode
{
    private static readonly List<FindingCode> Catalogue = [];

    // Who sends for us, and who the DNS says sends for us.
    public static readonly FindingCode SpfMissing = Error("spf-missing", "A domain that sends mail has no SPF record.",
        "Publish the TXT record that the finding names.");
    public static readonly FindingCode SpfSeveral = Error("spf-several", "A domain has more than one SPF record, which counts as broken.",
        "Join them into one TXT record.");
    public static readonly FindingCode SpfBroken = Error("spf-broken", "The SPF record, or one that it includes, cannot be read.",
        "Correct the term that the evidence names.");
    public static readonly FindingCode SpfTooManyLookups = Error("spf-too-many-lookups",
        "The SPF record asks the DNS more than ten times, includes counted: receivers take it as broken (RFC 7208 section 4.6.4).",
        "Take out includes that nothing uses any more, or write their networks as ip4 and ip6.");
    public static readonly FindingCode SpfTooManyVoids = Error("spf-too-many-voids",
        "More than two names in the SPF record lead nowhere: receivers take it as broken (RFC 7208 section 4.6.4).",
        "Take out the names that the evidence lists.");
    public static readonly FindingCode SpfAllowsEverybody = Warning("spf-allows-everybody",
        "The SPF record ends in +all: everybody may send in the name of the domain.", "End it in ~all or -all.");
    public static readonly FindingCode RelayNotInSpf = Error("relay-not-in-spf",
        "Mail of a domain leaves through a relay that the domain's SPF record does not name.",
        "Add what the relay wants to the record, or send by another relay.");
    public static readonly FindingCode RelayWithoutSpf = Information("relay-without-spf",
        "A relay is in use and `relays.spf` does not say what SPF must hold for it: nobody can watch that it stays so.",
        "Give the relay's `spf`, such as include:spf.example.");
    public static readonly FindingCode DirectNotInSpf = Error("direct-not-in-spf",
        "Mail of a domain leaves from this server's own address, and the domain's SPF record does not allow it.",
        "Add the address to the record.");
    public static readonly FindingCode RelayKeyMissing = Error("relay-key-missing",
        "A relay signs with a DKIM selector that the domain does not publish.", "Publish the record that the relay gives for it.");
    public static readonly FindingCode DkimNotPublished = Error("dkim-not-published",
        "A key that signs our mail is not in the DNS: nobody can verify the signatures.",
            "Publish the record; `aviso dkim list` prints it.");
    public static readonly FindingCode DkimOtherKey = Error("dkim-other-key",
        "The DNS holds another key than the one that signs our mail: every signature fails.",
            "Replace the record; `aviso dkim list` prints it.");
    public static readonly FindingCode DkimUnsigned = Warning("dkim-unsigned", "Mail of a domain leaves without a signature of the domain.",
        "Publish the record of the key that waits; it signs from then on.");
    public static readonly FindingCode DmarcMissing = Warning("dmarc-missing", "A domain that sends mail has no DMARC record.",
        "Publish the TXT record that the finding names.");
    public static readonly FindingCode DmarcBroken = Error("dmarc-broken",
        "The DMARC record cannot be read, or there are several: it counts as none.",
        "Leave one record that begins with v=DMARC1 and has p=.");
    public static readonly FindingCode DmarcOldTags = Information("dmarc-old-tags",
        "The DMARC record has tags that RFC 9989 has taken out (pct, rf, ri): receivers pass over them.",
            "Take them out; for a trial say t=y.");
    public static readonly FindingCode DmarcReportsNowhere = Error("dmarc-reports-nowhere",
        "DMARC reports go to an address here that nobody has.", "Make the address, or name another in rua=.");
    public static readonly FindingCode DmarcReportsRefused = Warning("dmarc-reports-refused",
        "DMARC reports go to another domain that has not agreed to take them: nobody sends them.",
        "Publish the record in the other domain that the finding names, or name an address here in rua=.");
    public static readonly FindingCode DmarcNoReports = Information("dmarc-no-reports",
        "The DMARC record asks for no reports: nobody would tell that mail of the domain fails.", "Add rua=mailto: with an address here.");
    public static readonly FindingCode DmarcCannotPass = Error("dmarc-cannot-pass",
        "The domain asks others to refuse what fails DMARC, and its own mail can pass neither by SPF nor by DKIM.",
        "Mend the SPF or DKIM finding of the domain first, or say p=none until then.");
    public static readonly FindingCode RecordsNotAnswered = Warning("records-not-answered",
        "The DNS does not answer for the mail records of a domain: receivers may not get an answer either.",
        "Look at the name servers of the domain.");
    public static readonly FindingCode DnsDiffers = Error("dns-differs",
        "This server's resolver and the domain's own name servers give different mail records.",
        "Give the internal zone the same mail records, or leave the domain out of it.");
    public static readonly FindingCode RecordMissing = Information("record-missing",
        "A record of the DNS plan by which others find this server, or report about it, is missing.", "Publish it; see `aviso dns plan`.");
    public static readonly FindingCode RecordDiffers = Warning("record-differs",
        "A record of the DNS plan says something else than this server.", "See `aviso dns plan`.");
    public static readonly FindingCode RecordUnused = Information("record-unused",
        "A record that this server once wrote is of no use any more.", "See `aviso dns plan`.");
    public static readonly FindingCode NotLookedAt = Information("not-looked-at",
        "Something is not looked at, and why.", "Nothing needs to be done.");

    // The way in.
    public static readonly FindingCode MxMissing = Error("mx-missing", "A domain has no MX record and no address: it gets no mail.",
        "Publish the MX record that the finding names.");
    public static readonly FindingCode MxElsewhere = Error("mx-elsewhere", "No MX record of a domain leads to this server.",
        "Publish the MX record that the finding names, or take the domain out of the settings.");
    public static readonly FindingCode MxAlias = Warning("mx-alias",
        "An MX record names an alias (CNAME), which RFC 2181 section 10.3 forbids.",
        "Name a host that has addresses of its own.");
    public static readonly FindingCode MxNoAddress = Error("mx-no-address", "A host of the MX records has no address.",
        "Publish its A or AAAA record, or take it out of the MX records.");
    public static readonly FindingCode CertificateNameMissing = Error("certificate-name-missing",
        "No certificate in use is for a name by which this server is reached.", "Add the name to the certificate (`tls.acme.names`).");
    public static readonly FindingCode StsNotServed = Error("sts-not-served",
        "An MTA-STS policy is announced in the DNS and cannot be fetched.", "Serve it (`mta_sts.publish`) or take the announcement out.");
    public static readonly FindingCode StsDiffers = Warning("sts-differs",
        "The DNS announces another MTA-STS policy than the one that is served.",
            "Replace the TXT record; `aviso certificates mta-sts` prints it.");
    public static readonly FindingCode StsNotAnnounced = Information("sts-not-announced",
        "An MTA-STS policy is served and not announced in the DNS: nobody looks at it.", "Publish the TXT record.");
    public static readonly FindingCode StsLeavesOutMx = Error("sts-leaves-out-mx",
        "The MTA-STS policy does not name a host of the MX records: who holds to it sends nothing there.",
        "Add the host to `mta_sts.mx`, or take the MX record out.");
    public static readonly FindingCode TlsaWrongKey = Error("tlsa-wrong-key",
        "The TLSA record names other keys than the one in use: who checks DANE sends us no mail.",
        "Publish the record of the key in use; `aviso certificates tlsa` prints it.");
    public static readonly FindingCode TlsaNoDnssec = Warning("tlsa-no-dnssec",
        "TLSA records stand in a zone that is not signed: nobody looks at them.",
        "Sign the zone, or take the records out.");
    public static readonly FindingCode TlsaBreaksAtRenewal = Warning("tlsa-breaks-at-renewal",
        "A TLSA record names the key in use, and somebody else renews the certificate: a new key would shut out who checks DANE.",
        "Renew with the same key (certbot: --reuse-key; cert-manager: rotationPolicy Never).");
    public static readonly FindingCode CertificateExpired = Error("certificate-expired", "A certificate in use is over.", "Renew it.");
    public static readonly FindingCode CertificateEndsSoon = Warning("certificate-ends-soon",
        "A certificate ends soon and nothing has renewed it.", "Renew it, or look why whoever renews it did not.");
    public static readonly FindingCode CertificateNotRenewed = Error("certificate-not-renewed",
        "A certificate should have been renewed by ACME and was not.", "Do what the evidence says and try again.");
    public static readonly FindingCode DoorSilent = Error("door-silent", "A listener of this server does not greet.",
        "Look at the log of the listener; restart the server if it stays so.");
    public static readonly FindingCode DoorTlsFails = Error("door-tls-fails", "TLS fails on a listener of this server.",
        "Look at `aviso certificates list`.");
    public static readonly FindingCode AddressDead = Error("address-dead",
        "An address that the DNS publishes for this server does not answer while another one does.",
        "Open the path to it, or take its record out of the DNS until it works.");
    public static readonly FindingCode ListenerUnreached = Warning("listener-unreached",
        "Nobody from outside has reached a listener for long.", "Try from outside; look at firewall, balancer and DNS.");

    // What our address is worth.
    public static readonly FindingCode PtrMissing = Warning("ptr-missing",
        "An address that mail leaves from directly has no name (PTR): many refuse mail from it.",
        "Have the provider of the address set it to the host name, or send by a relay.");
    public static readonly FindingCode PtrNotForward = Warning("ptr-not-forward",
        "The name (PTR) of an address that mail leaves from does not lead back to it.", "Make PTR and A or AAAA agree.");
    public static readonly FindingCode HeloNoAddress = Warning("helo-no-address",
        "The host name that we greet others with has no address in the DNS.", "Publish A or AAAA of `hostname`.");
    public static readonly FindingCode AddressListed = Error("address-listed",
        "A list of bad senders has an address that mail leaves from directly.",
            "Ask the list why and have it removed, or send by a relay.");

    // Proxies, networks, bans.
    public static readonly FindingCode OneClientAddress = Warning("one-client-address",
        "Every connection comes from the same address: limits and bans see a proxy instead of clients.",
        "Have the proxy send PROXY and name it in `networks.proxies`.");
    public static readonly FindingCode ProxyUndeclared = Warning("proxy-undeclared",
        "Somebody who is not in `networks.proxies` sends PROXY headers and is refused.",
        "Name it in `networks.proxies` if it is a proxy of yours.");
    public static readonly FindingCode InternalUndeclared = Information("internal-undeclared",
        "Machines with private addresses connect that `networks.internal` does not name: they are treated as strangers.",
        "Name your own networks in `networks.internal`.");
    public static readonly FindingCode BanWithoutEffect = Error("ban-without-effect", "A ban is in force and the banned client is served.",
        "Run `aviso decisions test`.");
    public static readonly FindingCode BanSourceSilent = Warning("ban-source-silent", "The engine that decides about bans does not answer.",
        "Look at `aviso decisions engine`.");

    // The machine.
    public static readonly FindingCode ClockWrong = Error("clock-wrong",
        "The clock is wrong: signatures, certificates and second factors fail.",
        "Have the machine keep time by NTP.");
    public static readonly FindingCode ClockJumped = Warning("clock-jumped",
        "The clock was set by more than a minute while the server ran.",
        "Have the machine keep time by NTP.");
    public static readonly FindingCode DiskFull = Error("disk-full", "The disk of the data folder is nearly full: mail is refused soon.",
        "Make room or enlarge the volume.");
    public static readonly FindingCode DiskFilling = Warning("disk-filling",
        "At its present growth the disk of the data folder is full soon.",
        "Make room or enlarge the volume.");
    public static readonly FindingCode InodesFew = Warning("inodes-few", "The file system of the data folder has few inodes left.",
        "Remove small files, or make a file system with more.");
    public static readonly FindingCode StoreIll = Error("store-ill", "The store takes no mail.",
        "Do what the evidence says; see `aviso store check`.");

    // Copies elsewhere.
    public static readonly FindingCode BackupNone = Information("backup-none",
        "Nothing is copied elsewhere: with the disk all mail is lost.",
        "Name a target in `backup` of the settings; see docs/backup.md.");
    public static readonly FindingCode BackupTargetFails = Error("backup-target-fails",
        "A target of backups is away, full, read-only or refuses us: what comes in is on one disk alone.", "Mend what the evidence names.");
    public static readonly FindingCode BackupDamaged = Error("backup-damaged",
        "A drill could not bring back from a target what the store has.",
        "See `aviso backup verify`, which names what is lost; then begin anew in another place, and look "
            + "at the disk or service that it lies on.");
    public static readonly FindingCode BackupUnproven = Warning("backup-unproven",
        "Backups are made, and no drill has proven them for long.", "Run one, and look at the log why none is made.");

    // Mail on its way out.
    public static readonly FindingCode QueueOld = Warning("queue-old", "Mail has waited in the queue for long.", "See `aviso queue list`.");
    public static readonly FindingCode DestinationStuck = Warning("destination-stuck", "All mail to one destination is put off.",
        "Look at the last reply in the evidence.");
    public static readonly FindingCode RelayNotTaking = Error("relay-not-taking", "A relay takes no mail.",
        "Look at the last reply in the evidence; send by another relay meanwhile (`routes`).");
    public static readonly FindingCode ReceiverWantsAuthentication = Error("receiver-wants-authentication",
        "A receiver refuses our mail because SPF, DKIM, DMARC or the name of our address does not satisfy it.",
        "Mend the finding about that record; without one look at what the receiver says.");
    public static readonly FindingCode RelayQuotaNearlyUsed = Warning("relay-quota-nearly-used", "Most of a relay's quota is used.",
        "Send less, or raise the quota with the relay.");
    public static readonly FindingCode RelayDropped = Error("relay-dropped", "A relay took mail and then did not send it on.",
        "Look at the relay's reason; if it blocks the recipient and should not, `aviso relay unblock ADDRESS`.");
    public static readonly FindingCode RelayBlocks = Warning("relay-blocks",
        "A relay's list of blocked recipients names somebody whom we write to: mail for them is taken and thrown away.",
        "If the recipient should have our mail, take the address off the list.");
    public static readonly FindingCode RelayListUnread = Warning("relay-list-unread",
        "A relay's list of blocked recipients cannot be read.",
        "Look at what the API answers, and at `relays.suppressions`.");
    public static readonly FindingCode RelayComplaint = Warning("relay-complaint", "A recipient called mail of ours junk.",
        "Do not write there again without being asked; many complaints make every receiver distrust the domain.");
    public static readonly FindingCode RelaySwitchedBack = Error("relay-switched-back",
        "A switch to another relay was taken back by itself, since the first messages failed.",
        "Look at what the relay or the receivers answered; mend it, then switch again.");
    public static readonly FindingCode SendingHeld = Warning("sending-held",
        "Mail of an account is held because it suddenly writes to many new people: its password may be stolen.",
        "Ask the owner; then release or drop it.");

    // What others say about us.
    public static readonly FindingCode MailPutAside = Error("mail-put-aside",
        "Reports say that mail of a domain is put aside or refused for DMARC.",
        "See `aviso reports`: is the source one of yours, its SPF or DKIM is wrong.");
    public static readonly FindingCode ReportsStopped = Warning("reports-stopped", "DMARC reports came every day and have stopped.",
        "Look whether rua= in the DMARC record still leads here.");
    public static readonly FindingCode TlsReportsFailures = Warning("tls-reports-failures", "Reports say that TLS to us fails.",
        "See `aviso reports`.");

    // One of ours.
    public static readonly FindingCode OwnRelayRefused = Error("own-relay-refused",
        "A machine of ours tried to send without a login and was refused: what it sends is lost.",
        "Give the program an account or an app password, and let it submit with it.");
    public static readonly FindingCode OwnLoginFailed = Warning("own-login-failed", "A login from a network of ours failed.",
        "Give the program its present password.");
    public static readonly FindingCode OwnSenderRefused = Error("own-sender-refused",
        "A login of ours may not send from the address that it used.", "Allow it with send_as, or correct the program's sender.");
    public static readonly FindingCode OwnRefused = Warning("own-refused", "A machine or program of ours was refused.",
        "Look at the reply in the evidence.");

    // The parts of the server.
    public static readonly FindingCode SecretStale = Warning("secret-stale",
        "A secret cannot be read from Vault; its last value is in use.",
        "Do what the evidence says.");
    public static readonly FindingCode FilterForgot = Error("filter-forgot", "What the spam filter learned cannot be used.",
        "Look at the log; without DATA/spam.db it begins anew.");
    public static readonly FindingCode FilterStoppedLearning = Warning("filter-stopped-learning",
        "The spam filter no longer learns from what people do.", "Look at the log of Spam.");
    public static readonly FindingCode ScannerSilent = Error("scanner-silent", "The virus scanner does not answer.",
        "Start clamd, or take `spam.antivirus` out.");
    public static readonly FindingCode ListSilent = Warning("list-silent",
        "A list that the spam filter asks does not answer, or refuses us.",
        "Use a resolver of your own; take the list out of `spam.lists` if it is gone.");
    public static readonly FindingCode ResolverFails = Error("resolver-fails", "The resolver does not answer.", "Look at `dns.resolvers`.");
    public static readonly FindingCode ResolverLies = Error("resolver-lies", "The resolver makes up answers for names that do not exist.",
        "Use another resolver (`dns.resolvers`): MX, SPF and lists cannot be trusted with this one.");
    public static readonly FindingCode ResolverSlow = Warning("resolver-slow", "The resolver takes seconds to answer.",
        "Use one that is near.");
    public static readonly FindingCode ResolverNoDnssec = Information("resolver-no-dnssec",
        "The resolver does not validate DNSSEC, or is not on this machine: DANE is not used for mail that leaves.",
        "Run a validating resolver on this machine and name it in `dns.resolvers`.");
    public static readonly FindingCode TracesLost = Warning("traces-lost",
        "Traces of messages were not kept: what became of some mail cannot be told. The mail itself is not touched.",
        "Look at the disk that DATA/trace lies on and at its load.");
    public static readonly FindingCode SettingsRefused = Error("settings-refused",
        "The settings file was read again and refused: the server goes on with older settings.", "Correct the file; see `aviso check`.");
    public static readonly FindingCode SettingsWait = Information("settings-wait", "Settings have changed that hold after a restart only.",
        "Restart when it suits.");
    public static readonly FindingCode ProbeFailed = Error("probe-failed", "A message that the server sent itself did not come through.",
        "Mend what the stage that failed names; `aviso probe run` tries again.");
    public static readonly FindingCode CheckFailed = Warning("doctor-check-failed", "A check of the doctor itself failed or took too long.",
        "Look at the evidence; if it stays so it is a fault of ours.");
    public static readonly FindingCode EventsNotDelivered = Warning("events-not-delivered",
        "Events cannot be delivered to where they should go.",
        "Look at the evidence and at `events` in the settings.");

    private FindingCode(string word, Severity severity, string means, string toDo)
    {
        (Word, Severity, Means, ToDo) = (word, severity, means, toDo);
        Catalogue.Add(this);
    }

    /// <summary>Every code there is, in the order above.</summary>
    public static IReadOnlyList<FindingCode> All => Catalogue;

    /// <summary>In output, the label <c>code</c> of metrics, events and as the anchor of the page.</summary>
    public string Word { get; }

    public Severity Severity { get; }

    /// <summary>One sentence.</summary>
    public string Means { get; }

    /// <summary>One sentence.</summary>
    public string ToDo { get; }

    public static FindingCode? Find(string word) => Catalogue.Find(c => c.Word == word);

    public override string ToString() => Word;

    private static FindingCode Information(string word, string means, string toDo) => new(word, Severity.Information, means, toDo);

    private static FindingCode Warning(string word, string means, string toDo) => new(word, Severity.Warning, means, toDo);

    private static FindingCode Error(string word, string means, string toDo) => new(word, Severity.Error, means, toDo);
}
