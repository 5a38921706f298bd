// A mailbox in memory: what the fake server serves, and the letters it begins with.

export class Account {
  constructor(user = 'alice@example.test') {
    this.user = user;
    this.state = 1;
    this.mailboxes = new Map();
    this.emails = new Map();
    this.expunged = new Map();
    this.threads = new Map();
    this.blobs = new Map();
    this.identities = new Map();
    this.submissions = new Map();
    this.log = [];
    this.listeners = new Set();
    this.next = 1;
  }

  id(kind) {
    return `${kind}${this.next++}`;
  }

  note(type, id, what) {
    this.state++;
    this.log.push({ state: this.state, type, id, what });
    for (const heard of this.listeners) heard();
  }

  mailbox(name, role = null, parentId = null, sortOrder = 0) {
    const id = this.id('m');
    this.mailboxes.set(id, { id, name, role, parentId, sortOrder, isSubscribed: true });
    this.note('Mailbox', id, 'created');
    return id;
  }

  role(role) {
    return [...this.mailboxes.values()].find(m => m.role === role);
  }

  blob(octets, type) {
    const id = this.id('b');
    this.blobs.set(id, { octets: Buffer.isBuffer(octets) ? octets : Buffer.from(octets), type });
    return id;
  }

  /** Puts a letter into a mailbox; what is not said is made up. */
  email({
    mailboxes,
    keywords = {},
    from,
    to,
    cc = null,
    bcc = null,
    subject,
    text = '',
    html = null,
    at = new Date(),
    attachments = [],
    thread = null,
    messageId = null,
    inReplyTo = null,
    references = null,
    deliveredTo = null,
    replyTo = null,
  }) {
    const id = this.id('e');
    const threadId = thread ?? this.id('t');
    const values = { t: { value: text, isEncodingProblem: false, isTruncated: false } };
    const part = (partId, type, size) => ({ partId, blobId: null, size, name: null, type, charset: 'utf-8', disposition: null, cid: null });
    const plain = part('t', 'text/plain', text.length);
    if (html !== null) values.h = { value: html, isEncodingProblem: false, isTruncated: false };
    const rich = html !== null ? part('h', 'text/html', html.length) : plain;
    const source = `From: ${from?.[0]?.email ?? ''}\r\nTo: ${(to ?? []).map(a => a.email).join(', ')}\r\nSubject: ${subject ?? ''}\r\nDate: ${at.toUTCString()}\r\nMessage-ID: <${id}@example.test>\r\nMIME-Version: 1.0\r\n\r\n${text}`;
    this.emails.set(id, {
      id,
      threadId,
      blobId: this.blob(source, 'message/rfc822'),
      mailboxIds: Object.fromEntries(mailboxes.map(m => [m, true])),
      keywords: { ...keywords },
      size: source.length + (html?.length ?? 0) + attachments.reduce((n, a) => n + a.size, 0),
      receivedAt: at.toISOString().replace(/\.\d+Z/, 'Z'),
      sentAt: at.toISOString().replace(/\.\d+Z/, 'Z'),
      from: from ?? null,
      sender: null,
      to: to ?? null,
      cc,
      bcc,
      replyTo,
      subject: subject ?? null,
      messageId: messageId ?? [`${id}@example.test`],
      inReplyTo,
      references,
      hasAttachment: attachments.some(a => a.disposition !== 'inline'),
      preview: text.replace(/\s+/g, ' ').trim().slice(0, 256),
      textBody: [plain],
      htmlBody: [rich],
      attachments,
      bodyValues: values,
      deliveredTo,
    });
    this.threads.set(threadId, [...(this.threads.get(threadId) ?? []), id]);
    this.note('Email', id, 'created');
    for (const m of mailboxes) this.note('Mailbox', m, 'updated');
    return id;
  }

  thread(threadId) {
    return (this.threads.get(threadId) ?? [])
      .filter(id => this.emails.has(id))
      .sort((a, b) => this.emails.get(a).receivedAt.localeCompare(this.emails.get(b).receivedAt));
  }

  counts(id) {
    let totalEmails = 0,
      unreadEmails = 0;
    const threads = new Set(),
      unread = new Set();
    for (const e of this.emails.values()) {
      if (!e.mailboxIds[id]) continue;
      totalEmails++;
      threads.add(e.threadId);
      if (!e.keywords.$seen && !e.keywords.$draft) {
        unreadEmails++;
        unread.add(e.threadId);
      }
    }
    return { totalEmails, unreadEmails, totalThreads: threads.size, unreadThreads: unread.size };
  }
}

const day = 86_400_000;

/** A household's mailbox, as somebody might have it. */
export function household() {
  const a = new Account();
  const inbox = a.mailbox('Inbox', 'inbox'),
    drafts = a.mailbox('Drafts', 'drafts'),
    sent = a.mailbox('Sent', 'sent'),
    archive = a.mailbox('Archive', 'archive');
  a.mailbox('Junk', 'junk');
  a.mailbox('Trash', 'trash');
  const house = a.mailbox('House', null, null, 10),
    boat = a.mailbox('Boat', null, null, 10);
  a.mailbox('Bills', null, house);
  a.mailbox('Renovation of the summer kitchen and the veranda', null, house);
  a.mailbox('Crew', null, boat);
  a.identities.set('i1', {
    id: 'i1',
    name: 'Alice Marinova',
    email: 'alice@example.test',
    replyTo: null,
    bcc: null,
    textSignature: 'Alice',
    htmlSignature: '<b>Alice Marinova</b><br>Quay 4, Varna',
    mayDelete: false,
  });
  a.identities.set('i2', {
    id: 'i2',
    name: 'Alice (sailing club)',
    email: 'club@example.test',
    replyTo: null,
    bcc: null,
    textSignature: 'Alice, secretary',
    htmlSignature: '',
    mayDelete: true,
  });
  const me = [{ name: 'Alice Marinova', email: 'alice@example.test' }];
  const bob = [{ name: 'Bob Hansen', email: 'bob@example.test' }],
    mum = [{ name: 'Мама', email: 'mama@example.bg' }],
    petra = [{ name: 'Petra Groß', email: 'petra@beispiel.test' }];
  const now = Date.now(),
    ago = days => new Date(now - days * day);
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==', 'base64');
  const file = (name, type, size, more = {}) => ({
    partId: null,
    blobId: a.blob(type.startsWith('image/') ? png : Buffer.alloc(Math.min(size, 4096), 'x'), type),
    size,
    name,
    type,
    charset: null,
    disposition: 'attachment',
    cid: null,
    ...more,
  });
  // Five hundred older ones, so that there is something to scroll.
  const subjects = [
    'Minutes of the meeting',
    'Your order has shipped',
    'Weather for the weekend',
    'Re: Keys for the boathouse',
    'Invoice 2026-1187',
    'Photos from Sunday',
    'Class reunion',
    'Reminder: dentist on Thursday',
    'Newsletter: what is new in the harbour',
  ];
  for (let i = 500; i > 0; i--)
    a.email({
      mailboxes: [i % 5 === 0 ? archive : inbox],
      keywords: { $seen: true, ...(i % 37 === 0 ? { $flagged: true } : {}) },
      from: [bob, petra, mum][i % 3],
      to: me,
      subject: `${subjects[i % subjects.length]}`,
      text: `Letter number ${i}. ${'The tide comes in and goes out again. '.repeat(1 + (i % 5))}`,
      at: ago(8 + i * 0.7),
    });
  a.email({
    mailboxes: [inbox],
    from: [{ name: 'Harbour Shop', email: 'news@shop.example' }],
    to: me,
    subject: 'Autumn sale: ropes, sails and everything that floats',
    at: ago(3),
    text: 'Up to 40 % off',
    html: `<html><head><style>body{background:#eef} .box{background:#fff;max-width:560px;margin:auto;font-family:Georgia} @import url(https://evil.example/x.css); .h{background:url(https://evil.example/t.gif)}</style></head><body bgcolor="#eeeeff"><table class="box" width="560" align="center" cellpadding="16"><tr><td><h1 style="color:#124">Autumn sale</h1><p>Up to <b>40 %</b> off on ropes and sails.</p><img src="https://evil.example/open.gif" width="1" height="1"><img src="https://shop.example/sail.jpg" alt="A sail" width="400" height="180"><p><a href="https://shop.example/sale">https://other.example/sale</a></p><script>top.location='https://evil.example'</script><img src=x onerror="parent.postMessage('pwned','*')"></td></tr></table></body></html>`,
  });
  a.email({
    mailboxes: [inbox],
    keywords: { $seen: true },
    from: [{ name: 'City Library', email: 'no-reply@library.example' }],
    to: me,
    subject: 'Two books are due on Friday',
    at: ago(2),
    text: 'Dear reader,\n\nplease return or extend:\n\n - The Sea Around Us\n - Knots, Splices and Rope Work\n\nExtend at https://library.example/account.\n\nYour library',
  });
  const thread = a.id('t');
  const first = a.email({
    mailboxes: [inbox],
    keywords: { $seen: true, $answered: true },
    thread,
    from: bob,
    to: me,
    cc: petra,
    subject: 'Summer house: who brings what?',
    at: ago(1.2),
    text: 'Hi both,\n\nI can bring the grill and the long cable.\nWho takes care of food for Saturday?\n\nBob',
    messageId: ['s1@example.test'],
  });
  a.email({
    mailboxes: [sent],
    keywords: { $seen: true },
    thread,
    from: me,
    to: bob,
    cc: petra,
    subject: 'Re: Summer house: who brings what?',
    at: ago(1.1),
    text: 'I will do Saturday. Petra, bread?\n\nAlice\n\nOn Tuesday Bob Hansen wrote:\n> Hi both,\n>\n> I can bring the grill and the long cable.\n> Who takes care of food for Saturday?',
    messageId: ['s2@example.test'],
    inReplyTo: ['s1@example.test'],
    references: ['s1@example.test'],
  });
  a.email({
    mailboxes: [inbox],
    thread,
    from: petra,
    to: me,
    cc: bob,
    subject: 'Re: Summer house: who brings what?',
    at: ago(0.15),
    messageId: ['s3@example.test'],
    inReplyTo: ['s2@example.test'],
    references: ['s1@example.test', 's2@example.test'],
    text: 'Bread, of course. And the plan of the veranda is attached.',
    html: '<div>Bread, of course. And the plan of the veranda is attached:</div><div><br></div><div><img src="cid:plan@x" width="320" alt="Plan"></div><div>Petra</div><div class="gmail_quote"><div>On Tuesday Alice wrote:</div><blockquote type="cite"><div>I will do Saturday. Petra, bread?</div></blockquote></div>',
    attachments: [
      file('Veranda plan – final (3).pdf', 'application/pdf', 482113),
      file('plan.png', 'image/png', 70, { disposition: 'inline', cid: 'plan@x' }),
      file('IMG_2041.png', 'image/png', 2411034),
    ],
  });
  a.email({
    mailboxes: [inbox],
    from: mum,
    to: me,
    subject: 'Снимки от неделя',
    at: ago(0.4),
    text: 'Миличка,\n\nизпращам ти снимките. Обади се, когато можеш!\n\nМама',
    attachments: [file('море.jpg', 'image/jpeg', 1200345)],
  });
  a.email({
    mailboxes: [inbox],
    from: [{ name: 'שרה לוי', email: 'sara@example.il' }],
    to: me,
    subject: 'שלום, מה נשמע?',
    at: ago(0.8),
    text: 'שלום אליס,\nנתראה ביום שישי?',
  });
  a.email({
    mailboxes: [inbox],
    keywords: { $seen: true, $flagged: true },
    from: [{ name: 'Port Authority', email: 'office@port.example' }],
    to: [{ name: null, email: 'club@example.test' }],
    subject: 'Berth 14: your application of 3 November has been received and will be decided on by the committee',
    at: ago(0.05),
    text: 'Dear Ms Marinova,\n\nwe have received your application.\n\nKind regards\nPort Authority',
    deliveredTo: 'club@example.test',
  });
  a.email({
    mailboxes: [drafts],
    keywords: { $seen: true, $draft: true },
    from: me,
    to: petra,
    subject: 'Birthday',
    at: ago(0.3),
    text: 'Dear Petra,\n\nall the best',
    html: '<div>Dear Petra,</div><div><br></div><div>all the best</div>',
  });
  void first;
  return a;
}

/** A result of any length, for scrolling. */
export function large(count) {
  const a = household(),
    inbox = a.role('inbox').id;
  for (let i = 0; i < count; i++)
    a.email({
      mailboxes: [inbox],
      keywords: { $seen: true },
      from: [{ name: `Writer ${i % 97}`, email: `w${i % 97}@example.test` }],
      to: [{ name: null, email: a.user }],
      subject: `Letter ${i}`,
      text: `This is letter ${i}.`,
      at: new Date(Date.now() - (500 + i) * 60_000 * 30),
    });
  a.log.length = 0;
  return a;
}
