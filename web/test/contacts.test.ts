import { signal } from '@preact/signals';
import { describe, expect, test, vi } from 'vitest';
import { addCard, addPerson, deleteCard, saveCard, setMember, sorted } from '../src/contacts/acts';
import { Book, bookOf } from '../src/contacts/book';
import { membersOf, textOf, titleOf, type Card, type NewCard } from '../src/contacts/card';
import { cardFrom, cardOf, changesOf, formOf, judge } from '../src/contacts/edit';
import { importFiles, mostFile } from '../src/contacts/exchange';
import { matching } from '../src/contacts/list';
import { learn, suggest, suggestFrom } from '../src/compose/people';
import { bg } from '../src/i18n/contacts-bg';
import { de } from '../src/i18n/contacts-de';
import { en } from '../src/i18n/contacts-en';
import type { Plural } from '../src/i18n';
import { Client } from '../src/jmap/client';
import type { Session } from '../src/jmap/types';
import { notices, undo } from '../src/mail/undo';
import type { View } from '../src/app/mailbox-view';
import { card } from './fake/contacts.mjs';
import { run, session as sessionOf } from './fake/server.mjs';
import { household } from './fake/store.mjs';

type Fake = ReturnType<typeof household> & { cards?: Map<string, Card>; mostCards?: number };

function setUp(people: NewCard[] = []) {
  const account = household() as Fake;
  for (const one of people) card(account, one);
  const session = sessionOf('alice@example.test') as unknown as Session;
  session.capabilities['urn:ietf:params:jmap:core'] = {
    ...session.capabilities['urn:ietf:params:jmap:core'],
    maxObjectsInGet: 3,
    maxObjectsInSet: 3,
  };
  const requests: [string, Record<string, unknown>][] = [];
  const client = new Client(
    session,
    async (_, init) => {
      const body = JSON.parse(String(init.body)) as { methodCalls: [string, Record<string, unknown>, string][] };
      for (const [name, args] of body.methodCalls) requests.push([name, args]);
      return new Response(JSON.stringify(run(account, body as never)));
    },
    async () => {},
  );
  const contactState = signal<string | undefined>(undefined);
  const view = { client, store: { contactState } } as unknown as View;
  return {
    account,
    client,
    view,
    book: bookOf(view),
    requests,
    contactState,
    cards: () => [...(account.cards ?? new Map<string, Card>()).values()],
  };
}

const person = (name: string, ...emails: string[]): NewCard => ({
  ...(name ? { name: { full: name } } : {}),
  emails: Object.fromEntries(emails.map((address, i) => [`e${i}`, { address }])),
});

describe('the book', () => {
  test('is read in windows that the server allows, once, and follows what changes', async () => {
    const { account, book, requests, contactState } = setUp(['A', 'B', 'C', 'D', 'E', 'F', 'G'].map(n => person(n, `${n}@x`)));
    await Promise.all([book.load(), book.load()]);
    expect(book.cards.value.size).toBe(7);
    expect(requests.filter(([name]) => name === 'ContactCard/query').map(([, args]) => args['position'])).toEqual([0, 3, 6]);
    expect(book.byAddress('c@X')).toMatchObject({ name: { full: 'C' } });
    // Elsewhere one comes and one goes.
    const [gone] = account.cards!.keys();
    account.cards!.delete(gone!);
    account.note('ContactCard', gone!, 'destroyed');
    account.note('ContactCard', card(account, person('H', 'h@x')), 'created');
    contactState.value = String(account.state);
    await vi.waitFor(() => expect(sorted(book.cards.value.values(), 'en').map(titleOf)).toEqual(['B', 'C', 'D', 'E', 'F', 'G', 'H']));
  });

  test('what could not be read is asked for again', async () => {
    const { account } = setUp();
    let fails = true;
    const client = new Client(
      sessionOf('alice@example.test') as unknown as Session,
      async (_, init) =>
        fails ? new Response('{}', { status: 500 }) : new Response(JSON.stringify(run(account, JSON.parse(String(init.body))))),
      async () => {},
    );
    const book = new Book(client);
    await expect(book.load()).rejects.toThrow();
    expect(book.trouble.value).not.toBeNull();
    fails = false;
    await book.load();
    expect(book.ready.value).toBe(true);
    expect(book.trouble.value).toBeNull();
  });

  test('more than one request may carry is made in parts, and what is refused is told', async () => {
    const { account, book, requests } = setUp();
    account.mostCards = 4;
    const shares: number[] = [];
    const { made, refused } = await book.create(
      [1, 2, 3, 4, 5].map(n => person(`P${n}`, `p${n}@x`)),
      share => shares.push(share),
    );
    expect(made).toHaveLength(4);
    expect([...refused.keys()]).toEqual([4]);
    expect(refused.get(4)!.error.type).toBe('overQuota');
    expect(shares).toEqual([0.6, 1]);
    expect(requests.filter(([name]) => name === 'ContactCard/set')).toHaveLength(2);
  });
});

describe('acts', () => {
  test('adding, changing and deleting can be undone, and the card is the same again', async () => {
    const { view, book, cards } = setUp();
    const id = await addCard(view, { ...person('Bob Petrov', 'bob@x'), 'vendor.example:x': 1 } as NewCard);
    const before = cards()[0]!;
    await saveCard(view, before, { name: { full: 'Robert' }, notes: { n: { note: 'x' } } });
    expect(cards()[0]).toMatchObject({ name: { full: 'Robert' }, notes: { n: { note: 'x' } } });
    await undo();
    expect(cards()[0]).toEqual(before);
    await deleteCard(view, id);
    expect(book.cards.value.size).toBe(0);
    await undo();
    const { id: _, ...again } = cards()[0]!;
    const { id: __, ...was } = before;
    expect(again).toEqual(was);
    await undo();
    expect(cards()).toHaveLength(0);
  });

  test('somebody of a letter is added once', async () => {
    const { view, cards } = setUp();
    await addPerson(view, cardOf('Mia Hartmann', 'mia@x'), 'mia@x');
    await addPerson(view, cardOf('Mia', 'MIA@x'), 'MIA@x');
    expect(cards()).toHaveLength(1);
    expect(cards()[0]).toMatchObject({ name: { full: 'Mia Hartmann' }, emails: { k1: { address: 'mia@x' } } });
  });

  test('members come into a group and go out of it; whom nobody knows stays', async () => {
    const { view, book, cards } = setUp([person('A', 'a@x'), { kind: 'group', name: { full: 'Club' }, members: { elsewhere: true } }]);
    await book.load();
    const [a, club] = cards() as [Card, Card];
    await setMember(view, club, a.uid, true);
    expect(cards()[1]!.members).toEqual({ elsewhere: true, [a.uid]: true });
    expect(membersOf(book.cards.value.get(club.id)!, book.cards.value.values()).map(titleOf)).toEqual(['A']);
    await setMember(view, cards()[1]!, a.uid, false);
    expect(cards()[1]!.members).toEqual({ elsewhere: true });
  });
});

describe('files', () => {
  const file = (text: string, name = 'a.vcf') => new File([text], name);
  const vcard = (...lines: string[]) => ['BEGIN:VCARD', 'VERSION:3.0', ...lines, 'END:VCARD', ''].join('\r\n');

  test('who is there already is not made again, and all of it can be taken back', async () => {
    const { view, cards } = setUp([person('Bob', 'bob@x')]);
    const text = vcard('FN:Bob', 'EMAIL:BOB@x') + vcard('FN:New', 'EMAIL:new@x', 'UID:u9') + vcard('FN:Other', 'UID:u9') + vcard('FN:Two');
    const report = await importFiles(view, [file(text)]);
    expect(report).toMatchObject({ imported: 2, already: 2, lost: [], pictures: 0 });
    expect(cards().map(titleOf)).toEqual(['Bob', 'New', 'Two']);
    expect(await importFiles(view, [file(text)])).toMatchObject({ imported: 0, already: 4 });
    await undo();
    expect(cards().map(titleOf)).toEqual(['Bob']);
  });

  test('what was not read or not taken is said', async () => {
    const { account, view } = setUp();
    account.mostCards = 1;
    const large = Object.defineProperty(file('', 'large.vcf'), 'size', { value: mostFile + 1 });
    const report = await importFiles(view, [file(`rubbish\r\n${vcard('FN:A')}${vcard('FN:B')}`), large]);
    expect(report).toMatchObject({ imported: 1, refused: { n: 1 }, lost: [1], tooLarge: ['large.vcf'] });
    expect(notices.value.some(n => n.kind === 'busy')).toBe(false);
  });
});

describe('the form', () => {
  const rich = {
    id: 'c1',
    uid: 'u',
    addressBookIds: { b: true },
    name: {
      components: [
        { kind: 'title', value: 'Dr.' },
        { kind: 'given', value: 'Jane', phonetic: 'x' },
        { kind: 'surname', value: 'Doe' },
      ],
      full: 'Dr. Jane Doe',
    },
    emails: { e1: { address: 'j@x', contexts: { work: true, 'x-y': true }, label: 'office', pref: 1 }, e2: { address: 'k@x' } },
    phones: { p: { number: '1', features: { voice: true, mobile: true } } },
    addresses: {
      a: {
        components: [
          { kind: 'number', value: '5' },
          { kind: 'name', value: 'Main St' },
          { kind: 'locality', value: 'Reston' },
        ],
        timeZone: 'X',
      },
    },
    anniversaries: {
      b: { kind: 'birth', date: { month: 4, day: 15 }, place: { full: 'Boston' } },
      w: { kind: 'wedding', date: { year: 2000 } },
    },
    notes: { n: { note: 'x', created: '2022-01-01T00:00:00Z' } },
    'vendor.example:x': 1,
  } as unknown as Card;

  test('that nobody touched changes nothing', () => {
    expect(changesOf(rich, formOf(rich))).toEqual({});
    expect(changesOf({}, formOf({}))).toEqual({});
  });

  test('changes what was touched and keeps the rest of it', () => {
    const form = formOf(rich);
    form.surname = 'Roe';
    form.emails[0]!.value = 'new@x';
    form.emails.splice(1, 1);
    form.emails.push({ key: null, value: ' third@x ', where: 'private' });
    form.phones[0]!.isMobile = false;
    form.addresses[0]!.locality = 'Boston';
    form.year = '1980';
    form.note = '';
    expect(changesOf(rich, form)).toEqual({
      name: {
        components: [
          { kind: 'title', value: 'Dr.' },
          { kind: 'given', value: 'Jane', phonetic: 'x' },
          { kind: 'surname', value: 'Roe' },
        ],
        full: 'Dr. Jane Roe',
      },
      emails: {
        e1: { address: 'new@x', contexts: { work: true, 'x-y': true }, label: 'office', pref: 1 },
        k1: { address: 'third@x', contexts: { private: true } },
      },
      phones: { p: { number: '1', features: { voice: true } } },
      addresses: {
        a: {
          components: [
            { kind: 'name', value: '5 Main St' },
            { kind: 'locality', value: 'Boston' },
          ],
          timeZone: 'X',
        },
      },
      anniversaries: {
        b: { kind: 'birth', date: { year: 1980, month: 4, day: 15 }, place: { full: 'Boston' } },
        w: { kind: 'wedding', date: { year: 2000 } },
      },
      notes: null,
    });
  });

  test('says what is wrong', () => {
    expect(judge(formOf({}))).toEqual({ name: 'empty' });
    expect(judge({ ...formOf({}), given: 'A', emails: [{ key: null, value: 'no address', where: 'work' }] })).toEqual({
      email0: 'address',
    });
    for (const [day, month, year] of [
      ['31', '2', ''],
      ['0', '1', ''],
      ['1', '', ''],
      ['', '3', ''],
      ['x', '1', '2000'],
      ['29', '2', '2001'],
    ])
      expect(judge({ ...formOf({}), given: 'A', day: day!, month: month!, year: year! }), `${day} ${month} ${year}`).toEqual({
        birthday: 'date',
      });
    for (const [day, month, year] of [
      ['29', '2', ''],
      ['', '', '1980'],
      ['', '3', '1980'],
      ['1', '1', '1'],
    ])
      expect(judge({ ...formOf({}), given: 'A', day: day!, month: month!, year: year! })).toEqual({});
    expect(judge(formOf({ kind: 'group' }))).toEqual({ name: 'empty' });
  });

  test('a whole name has a first and a last one, and stays whole while it is not touched', () => {
    expect(formOf(person('Anna Maria Berg'))).toMatchObject({ given: 'Anna Maria', surname: 'Berg' });
    expect(cardFrom('Bob Petrov <bob@x>')).toMatchObject({ name: { full: 'Bob Petrov' }, emails: { k1: { address: 'bob@x' } } });
    expect(cardFrom('bob@x')).toEqual({ emails: { k1: { address: 'bob@x' } } });
    expect(cardFrom('Bob')).toEqual({ name: { full: 'Bob' } });
  });

  test('lines in which nothing is written are none', () => {
    const form = formOf(rich);
    form.emails.push({ key: null, value: ' ', where: 'private' });
    expect(changesOf(rich, form)).toEqual({});
  });

  test('of a group', () => {
    const form = { ...formOf({ kind: 'group' }), full: ' Club ', members: ['u1'] };
    expect(changesOf({ kind: 'group' }, form)).toEqual({ name: { full: 'Club' }, members: { u1: true } });
  });
});

test('a search finds every word somewhere, without accents and as numbers are dialled', () => {
  const cards = [
    { ...person('Jörg Müller', 'jm@example.de'), phones: { p: { number: '+49 (30) 12-34' } }, organizations: { o: { name: 'ACME' } } },
    person('Bob', 'bob@x'),
  ] as Card[];
  for (const text of ['muller', 'JÖRG acme', 'example.de', '+49301234', '12-34', ' '])
    expect(matching(cards, text)[0], text).toBe(cards[0]);
  expect(matching(cards, 'jörg bob')).toEqual([]);
  expect(textOf(cards[1]!)).toContain('bob@x');
});

test('suggestions: contacts before others, a group with all its members, each address once', async () => {
  const { book, cards } = setUp([
    person('Mia Hartmann', 'mia@x', 'mia@work.x'),
    person('Bob', 'bob@x'),
    { kind: 'group', name: { full: 'Miners' } },
  ]);
  cards()[2]!.members = { [cards()[0]!.uid]: true, [cards()[1]!.uid]: true };
  learn([{ name: 'Mike', email: 'mike@y' }], 500);
  learn([{ name: 'M. Hartmann', email: 'MIA@x' }], 500);
  suggestFrom(book);
  await book.load();
  const found = suggest('mi', new Set());
  expect(found.map(s => [s.name, s.email])).toEqual([
    ['Mia Hartmann', 'mia@x'],
    ['Miners', ''],
    ['Mia Hartmann', 'mia@work.x'],
    ['Mike', 'mike@y'],
  ]);
  expect(found[1]!.people).toEqual([
    { name: 'Mia Hartmann', email: 'mia@x' },
    { name: 'Bob', email: 'bob@x' },
  ]);
  expect(
    suggest('mi', new Set(['mia@x']))
      .find(s => s.email === '')!
      .people.map(p => p.email),
  ).toEqual(['bob@x']);
});

const values = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(m => m[1]!).sort();
const forms = (message: string | Plural): string[] => (typeof message === 'string' ? [message] : Object.values(message));

test.each([
  ['de', de],
  ['bg', bg],
] as const)('%s says everything, with the same values in it', (_, words) => {
  for (const [key, message] of Object.entries(en)) {
    const other = words[key as keyof typeof words] as string | Plural;
    for (const form of forms(other)) {
      expect(form.trim(), key).not.toBe('');
      expect(new Set(values(form)), key).toEqual(new Set(values(forms(message).at(-1)!)));
    }
  }
  expect(Object.keys(words).sort()).toEqual(Object.keys(en).sort());
});
