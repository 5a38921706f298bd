import { describe, expect, test } from 'vitest';
import { answeringIdentity, ownIdentity, quoteText, recipientsOf, referencesOf, subjectOf } from '../src/compose/answering';
import { emailOf, emptyDraft, isBlank } from '../src/compose/draft';
import { setStylesAside } from '../src/compose/styles';
import { LocalCopies, type Storage } from '../src/compose/local';
import { plainOf } from '../src/compose/plain';
import { promised } from '../src/compose/reminder';
import type { EmailAddress, FullEmail, Identity } from '../src/jmap/types';
import { isAddress, nameOf, parseAddresses, participants } from '../src/mail/people';

const address = (email: string, name: string | null = null): EmailAddress => ({ name, email });
const identity = (id: string, email: string): Identity => ({
  id,
  email,
  name: '',
  replyTo: null,
  bcc: null,
  textSignature: '',
  htmlSignature: '',
  mayDelete: true,
});
const me = [identity('i1', 'alice@example.test'), identity('i2', 'club@example.test'), identity('i3', '*@alice.test')];
const email = (more: Partial<FullEmail>): FullEmail =>
  ({
    from: [address('bob@example.test')],
    to: [address('alice@example.test')],
    cc: null,
    bcc: null,
    replyTo: null,
    messageId: ['m1'],
    references: null,
    inReplyTo: null,
    ...more,
  }) as FullEmail;

describe('subjects', () => {
  test.each([
    ['reply', 'Boat', 'Re: Boat'],
    ['reply', 'Re: Boat', 'Re: Boat'],
    ['reply', 'AW: Re: Boat', 'Re: Boat'],
    ['reply', 'Отг: Лодка', 'Re: Лодка'],
    ['reply', 'RE[2]: Boat', 'Re: Boat'],
    ['reply', 'Regarding: Boat', 'Re: Regarding: Boat'],
    ['forward', 'Boat', 'Fwd: Boat'],
    ['forward', 'WG: Boat', 'Fwd: Boat'],
    ['forward', 'Re: Boat', 'Fwd: Re: Boat'],
    ['reply', null, 'Re: '],
  ] as const)('%s to %s', (kind, before, after) => {
    expect(subjectOf(kind, before)).toBe(after);
  });
});

describe('who is answered', () => {
  const emails = (list: EmailAddress[]) => list.map(a => a.email);
  test('the sender, or where answers are wanted', () => {
    expect(emails(recipientsOf('reply', email({}), me).to)).toEqual(['bob@example.test']);
    expect(emails(recipientsOf('reply', email({ replyTo: [address('list@example.test')] }), me).to)).toEqual(['list@example.test']);
  });
  test('all, but never oneself, and each once', () => {
    const all = recipientsOf(
      'replyAll',
      email({
        to: [address('ALICE@example.test'), address('petra@example.test'), address('bob@example.test')],
        cc: [address('club@example.test'), address('Petra@example.test'), address('dan@example.test')],
      }),
      me,
    );
    expect(emails(all.to)).toEqual(['bob@example.test', 'petra@example.test']);
    expect(emails(all.cc)).toEqual(['dan@example.test']);
  });
  test('an answer to my own letter goes to those it went to', () => {
    expect(
      emails(recipientsOf('reply', email({ from: [address('alice@example.test')], to: [address('bob@example.test')] }), me).to),
    ).toEqual(['bob@example.test']);
  });
  test('a forwarded letter is for nobody yet', () => {
    expect(recipientsOf('forward', email({}), me)).toEqual({ to: [], cc: [] });
  });
});

describe('as whom', () => {
  test('from the address that it came to', () => {
    expect(answeringIdentity(email({ to: [address('x@example.test')], cc: [address('Club@Example.test')] }), me)?.identity.id).toBe('i2');
    expect(
      answeringIdentity(email({ to: [address('list@elsewhere.test')], 'header:Delivered-To:asText:all': [' <club@example.test>'] }), me)
        ?.identity.id,
    ).toBe('i2');
    expect(answeringIdentity(email({ to: [address('list@elsewhere.test')] }), me)).toBeNull();
  });
  test('tags and whole domains', () => {
    expect(ownIdentity('alice+shop@example.test', me)?.id).toBe('i1');
    expect(ownIdentity('anything@alice.test', me)?.id).toBe('i3');
    expect(ownIdentity('alicia@example.test', me)).toBeNull();
    expect(answeringIdentity(email({ to: [address('shop@alice.test')] }), me)?.address).toBe('shop@alice.test');
  });
});

test('threads go on', () => {
  expect(referencesOf(email({ messageId: ['c'], references: ['a', 'b'] }))).toEqual({ inReplyTo: ['c'], references: ['a', 'b', 'c'] });
  expect(referencesOf(email({ messageId: ['b'], inReplyTo: ['a'] }))).toEqual({ inReplyTo: ['b'], references: ['a', 'b'] });
  expect(referencesOf(email({ messageId: null }))).toEqual({ inReplyTo: null, references: null });
  const long = Array.from({ length: 300 }, (_, i) => `r${i}`);
  const kept = referencesOf(email({ messageId: ['z'], references: long })).references!;
  expect(kept).toHaveLength(51);
  expect([kept[0], kept.at(-1)]).toEqual(['r0', 'z']);
});

test('lines are quoted, signatures are not', () => {
  expect(quoteText('Hello\r\n\r\n> before\r\nBob\r\n-- \r\nBob, Quay 4')).toBe('> Hello\n>\n>> before\n> Bob');
  expect(quoteText('')).toBe('>');
});

test('attachments that were promised', () => {
  for (const text of [
    'I attach the plan',
    'see attached',
    'Please find enclosed',
    'Im Anhang der Plan',
    'anbei die Fotos',
    'Die beigefügten Fotos',
    'Прикачвам? Не: прикачен е файлът',
    'Прилагам снимките',
  ])
    expect(promised('', text), text).not.toBeNull();
  for (const text of ['I am attached to this boat? No', 'Gruß', 'Здравей'])
    if (!/attached/.test(text)) expect(promised('', text), text).toBeNull();
  expect(promised('', 'Thanks!\n\nBob wrote:\n> I attach the plan')).toBeNull();
  expect(promised('', 'Thanks!\n-- \nPlease print attachments sparingly')).toBeNull();
  expect(promised('The attached plan', '')).toBe('attached');
});

describe('the email that is made', () => {
  const draft = {
    ...emptyDraft(true),
    to: [address('bob@example.test')],
    subject: 'Hi\r\nBcc: x@example.test',
    html: '<p>Hi <img src="cid:a@b"></p>',
    attachments: [
      { blobId: 'b1', name: 'a.png', type: 'image/png', size: 1, cid: 'a@b' },
      { blobId: 'b2', name: 'gone.png', type: 'image/png', size: 1, cid: 'c@d' },
      { blobId: 'b3', name: 'x.pdf', type: 'application/pdf', size: 1, cid: null },
    ],
  };
  test('both forms, pictures that still stand in it, and files', () => {
    const made = emailOf(draft, address('alice@example.test'), 'm1', 'Hi') as Record<string, any>;
    expect(made['keywords']).toEqual({ $draft: true, $seen: true });
    expect(made['mailboxIds']).toEqual({ m1: true });
    expect(made['textBody']).toEqual([{ partId: 'text', type: 'text/plain' }]);
    expect(made['htmlBody']).toEqual([{ partId: 'html', type: 'text/html' }]);
    expect(made['bodyValues'].text.value).toBe('Hi');
    expect(made['attachments']).toEqual([
      { blobId: 'b1', type: 'image/png', name: 'a.png', disposition: 'inline', cid: 'a@b' },
      { blobId: 'b3', type: 'application/pdf', name: 'x.pdf', disposition: 'attachment' },
    ]);
    expect(made).not.toHaveProperty('cc');
  });
  test('a subject is one line', () => {
    expect((emailOf(draft, address('a@b'), 'm', '') as { subject: string }).subject).toBe('Hi Bcc: x@example.test');
  });
  test('what nobody would miss', () => {
    const empty = { ...emptyDraft(true), html: '<div>signature</div>' };
    expect(isBlank(empty, empty)).toBe(true);
    expect(isBlank({ ...empty, html: '<div>word</div>' }, empty)).toBe(false);
    expect(isBlank({ ...empty, subject: 'x' }, empty)).toBe(false);
    // An answer begins with recipients, a subject and a quote: they alone are nobody's work.
    const answer = { ...empty, to: [{ name: null, email: 'a@b' }], subject: 'Re: x' };
    expect(isBlank(structuredClone(answer), answer)).toBe(true);
    expect(isBlank({ ...answer, to: [] }, answer)).toBe(false);
  });
});

describe('styles on their way through the sanitiser', () => {
  test.each([
    ['<p style="color: red">x</p>', '<p data-style="color: red">x</p>'],
    ["<P Style = 'a:b' id=style>x", "<P data-style = 'a:b' id=style>x"],
    ['<p title=" style=1" alt=\'> style=2\' style=c>', '<p title=" style=1" alt=\'> style=2\' data-style=c>'],
    ['<p>write style="x" so</p>', '<p>write style="x" so</p>'],
    ['<img/style=a:b><style>p{}</style>', '<img/data-style=a:b><style>p{}</style>'],
  ])('%s', (from, to) => expect(setStylesAside(from)).toBe(to));
});

describe('the local copy', () => {
  const storage = (): Storage & { map: Map<string, string> } => {
    const map = new Map<string, string>();
    return {
      map,
      get length() {
        return map.size;
      },
      key: i => [...map.keys()][i] ?? null,
      getItem: n => map.get(n) ?? null,
      setItem: (n, v) => {
        map.set(n, v);
      },
      removeItem: n => {
        map.delete(n);
      },
    };
  };
  test('is there again, newest first, for its account alone', () => {
    const shelf = storage();
    const mine = new LocalCopies('a1', shelf),
      theirs = new LocalCopies('a2', shelf);
    mine.write({ key: 'k1', draft: emptyDraft(true), serverId: null, at: 1 });
    mine.write({ key: 'k2', draft: { ...emptyDraft(true), subject: 'x' }, serverId: 'e1', at: 2 });
    expect(new LocalCopies('a1', shelf).all().map(c => c.key)).toEqual(['k2', 'k1']);
    expect(theirs.all()).toEqual([]);
    mine.remove('k2');
    expect(mine.all().map(c => c.key)).toEqual(['k1']);
  });
  test('rubbish is no copy, and a full browser says so', () => {
    const shelf = storage();
    shelf.map.set('aviso.draft.a1.x', '{');
    expect(new LocalCopies('a1', shelf).all()).toEqual([]);
    shelf.setItem = () => {
      throw new Error('full');
    };
    expect(new LocalCopies('a1', shelf).write({ key: 'k', draft: emptyDraft(true), serverId: null, at: 1 })).toBe(false);
  });
});

describe('plain text of rich text', () => {
  type Node = {
    nodeType: number;
    nodeName: string;
    nodeValue: string | null;
    childNodes: Node[];
    getAttribute?: (n: string) => string | null;
  };
  const el = (nodeName: string, ...childNodes: (Node | string)[]): Node => ({
    nodeType: 1,
    nodeName,
    nodeValue: null,
    childNodes: childNodes.map(c => (typeof c === 'string' ? { nodeType: 3, nodeName: '#text', nodeValue: c, childNodes: [] } : c)),
    getAttribute: () => null,
  });
  test('lines are lines', () => {
    expect(plainOf(el('DIV', el('DIV', 'one'), el('DIV', el('BR')), el('DIV', 'two ', el('B', 'bold')), 'three'))).toBe(
      'one\n\ntwo bold\nthree',
    );
  });
  test('quotes and lists', () => {
    expect(plainOf(el('DIV', el('DIV', 'hi'), el('BLOCKQUOTE', el('DIV', 'a'), el('BLOCKQUOTE', 'b'))))).toBe('hi\n> a\n>> b');
    expect(plainOf(el('DIV', el('OL', el('LI', 'x'), el('LI', 'y'))))).toBe('1. x\n2. y');
  });
  test('links keep their address', () => {
    expect(plainOf(el('DIV', { ...el('A', 'here'), getAttribute: () => 'https://example.org/' }))).toBe('here <https://example.org/>');
  });
});

describe('people', () => {
  test('addresses as they are typed', () => {
    expect(parseAddresses('bob@example.test, "Groß, Petra" <petra@example.test>; Dan <dan@example.test>')).toEqual([
      address('bob@example.test'),
      address('petra@example.test', 'Groß, Petra'),
      address('dan@example.test', 'Dan'),
    ]);
    expect(parseAddresses(' , ;')).toEqual([]);
    expect(parseAddresses('mailto:a@b.test')).toEqual([address('a@b.test')]);
  });
  test('what is an address', () => {
    for (const good of ['a@b', 'a.b+c@example.org', 'юзър@пример.бг']) expect(isAddress(good), good).toBe(true);
    for (const bad of ['a', 'a@', '@b', 'a b@c', 'a@b..c', 'a@-b.c', 'a@b,c', 'a@b>']) expect(isAddress(bad), bad).toBe(false);
  });
  test('a name that is another’s address is not shown', () => {
    expect(nameOf(address('evil@x.test', 'bank@bank.test'))).toBe('evil@x.test');
    expect(nameOf(address('a@x.test', 'A\u202enna'))).toBe('Anna');
    expect(nameOf(address('a@x.test', 'A@X.test'))).toBe('A@X.test');
  });
  test('who talks', () => {
    const row = (from: string, name: string, seen = true, draft = false) =>
      ({ from: [address(from, name)], keywords: { ...(seen ? { $seen: true } : {}), ...(draft ? { $draft: true } : {}) } }) as never;
    const { names, draft } = participants(
      [row('b@x', 'Bob Hansen'), row('me@x', 'Me'), row('p@x', 'Petra Groß', false), row('me@x', 'Me', true, true)],
      'me@x',
    );
    expect(names).toEqual([
      { name: 'Bob', me: false, unread: false },
      { name: 'Me', me: true, unread: false },
      { name: 'Petra', me: false, unread: true },
    ]);
    expect(draft).toBe(true);
    expect(participants([row('b@x', 'Bob Hansen')], 'me@x').names[0]!.name).toBe('Bob Hansen');
  });
});
