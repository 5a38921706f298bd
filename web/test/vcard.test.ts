import { describe, expect, test } from 'vitest';
import type { Card, NewCard } from '../src/contacts/card';
import { joined, titleOf } from '../src/contacts/card';
import { parts, readLines, written } from '../src/contacts/vcard-lines';
import { likenessOf, mostCards, readCards } from '../src/contacts/vcard-read';
import { writeCards } from '../src/contacts/vcard-write';

const octets = (text: string): Uint8Array => new TextEncoder().encode(text.replace(/\n/g, '\r\n'));
const read = (text: string, charset?: string) => readCards(octets(text), charset);
const one = (body: string): NewCard => read(`BEGIN:VCARD\nVERSION:3.0\n${body}\nEND:VCARD\n`).cards[0]!;
const values = <T>(map: Record<string, T> | undefined): T[] => Object.values(map ?? {});
const whole = (card: NewCard): Card => ({ id: 'c1', uid: 'u1', addressBookIds: { b: true }, ...card });

describe('as programs write them', () => {
  test('Google, 3.0', () => {
    const card = one(`FN:Jane Q. Doe
N:Doe;Jane;Q.;Dr.;PhD
NICKNAME:Jay
EMAIL;TYPE=INTERNET;TYPE=HOME:jane@example.com
EMAIL;TYPE=INTERNET;TYPE=WORK:doe@example.org
TEL;TYPE=CELL:+1 555 0100
item1.TEL:+1 555 0101
item1.X-ABLabel:Boat
ADR;TYPE=HOME:;;Main St 1;Reston;VA;20190;United States
ORG:ACME;R&D
TITLE:Chief
BDAY:1985-04-12
item2.URL:http\\://www.google.com/profiles/1
item2.X-ABLabel:PROFILE
NOTE:First line\\nsecond\\, with a comma\\; and more
CATEGORIES:myContacts,Sailing`);
    expect(card.name).toEqual({
      components: [
        { kind: 'surname', value: 'Doe' },
        { kind: 'given', value: 'Jane' },
        { kind: 'given2', value: 'Q.' },
        { kind: 'title', value: 'Dr.' },
        { kind: 'credential', value: 'PhD' },
      ],
      full: 'Jane Q. Doe',
    });
    expect(joined({ components: card.name!.components! })).toBe('Dr. Jane Q. Doe PhD');
    expect(values(card.emails)).toEqual([
      { address: 'jane@example.com', contexts: { private: true } },
      { address: 'doe@example.org', contexts: { work: true } },
    ]);
    expect(values(card.phones)).toEqual([
      { number: '+1 555 0100', features: { mobile: true } },
      { number: '+1 555 0101', label: 'Boat' },
    ]);
    expect(values(card.addresses)[0]!.components).toContainEqual({ kind: 'locality', value: 'Reston' });
    expect(values(card.organizations)).toEqual([{ name: 'ACME', units: [{ name: 'R&D' }] }]);
    expect(values(card.anniversaries)).toEqual([{ kind: 'birth', date: { year: 1985, month: 4, day: 12 } }]);
    expect(values(card.links)[0]).toEqual({ uri: 'http://www.google.com/profiles/1', label: 'PROFILE' });
    expect(values(card.notes)).toEqual([{ note: 'First line\nsecond, with a comma; and more' }]);
    expect(card.keywords).toEqual({ myContacts: true, Sailing: true });
  });

  test('Apple, 3.0: labels of their own, a birthday without a year, groups', () => {
    const { cards } = read(`BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//iPhone OS 17.0//EN
N:Иванов;Борис;;;
FN:Борис Иванов
item1.EMAIL;type=INTERNET;type=pref:boris@example.bg
item1.X-ABLabel:_$!<Work>!$_
TEL;type=IPHONE;type=CELL;type=VOICE;type=pref:0888 123 456
item2.ADR;type=HOME;type=pref:;;ул. Шипка 6;София;;1504;България
item2.X-ABADR:bg
BDAY;X-APPLE-OMIT-YEAR=1604;value=date:1604-04-15
IMPP;X-SERVICE-TYPE=Skype;type=HOME:skype:boris
X-SOCIALPROFILE;type=twitter:http://twitter.com/boris
UID:abc
END:VCARD
BEGIN:VCARD
VERSION:3.0
N:Club;;;;
FN:Club
X-ADDRESSBOOKSERVER-KIND:group
X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:abc
UID:club
END:VCARD
`);
    const [boris, club] = cards as [NewCard, NewCard];
    expect(values(boris.emails)).toEqual([{ address: 'boris@example.bg', contexts: { work: true }, pref: 1 }]);
    expect(values(boris.phones)[0]).toMatchObject({ features: { mobile: true, voice: true }, pref: 1 });
    expect(values(boris.addresses)[0]).toMatchObject({ countryCode: 'BG' });
    expect(values(boris.anniversaries)[0]!.date).toEqual({ month: 4, day: 15 });
    expect(values(boris.onlineServices)[0]).toEqual({ uri: 'skype:boris', service: 'Skype' });
    expect(boris.vCardProps).toEqual([['x-socialprofile', { type: 'twitter' }, 'unknown', 'http://twitter.com/boris']]);
    expect(club).toMatchObject({ kind: 'group', members: { 'urn:uuid:abc': true }, uid: 'club' });
  });

  test('Outlook, 2.1: quoted-printable over several lines, its own character sets, a picture in base64', () => {
    const { cards, lost } = read(`BEGIN:VCARD
VERSION:2.1
N;LANGUAGE=de;CHARSET=windows-1252;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg =
M=C3=BCller
TEL;WORK;VOICE:+49 30 1
TEL;HOME;FAX:+49 30 2
ADR;WORK;PREF;ENCODING=QUOTED-PRINTABLE:;;Stra=DFe 1=0D=0AHinterhaus;Berlin;;10115;Deutschland
EMAIL;PREF;INTERNET:joerg@example.de
PHOTO;TYPE=JPEG;ENCODING=BASE64:
 /9j/4AAQSkZJRgABAQAAAQABAAD/
 2wBDAP//

X-MS-OL-DEFAULT-POSTAL-ADDRESS:2
REV:20260101T000000Z
END:VCARD
`);
    expect(lost).toEqual([]);
    const card = cards[0]!;
    expect(card.name).toMatchObject({ full: 'Jörg Müller', components: [{ value: 'Müller' }, { value: 'Jörg' }] });
    expect(values(card.phones)).toEqual([
      { number: '+49 30 1', features: { voice: true }, contexts: { work: true } },
      { number: '+49 30 2', features: { fax: true }, contexts: { private: true } },
    ]);
    expect(values(card.emails)[0]).toEqual({ address: 'joerg@example.de', pref: 1 });
    expect(values(card.media)).toEqual([
      { kind: 'photo', uri: 'data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//', mediaType: 'image/jpeg' },
    ]);
    expect(card.vCardProps).toEqual([['x-ms-ol-default-postal-address', {}, 'unknown', '2']]);
  });

  test('4.0: groups, preferences, dates without a year, quoted parameters', () => {
    const { cards } = read(`BEGIN:VCARD
VERSION:4.0
KIND:group
FN:The Doe family
MEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af
UID:urn:uuid:1
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Jane Doe
EMAIL;PREF=100:b@example.com
EMAIL;PREF=1:a@example.com
TEL;VALUE=uri;TYPE="voice,home":tel:+1-555-555-5555;ext=5555
ADR;LABEL="Main St 1^nReston":;;;;;;
BDAY:--0415
ANNIVERSARY:20090808T1430-0500
END:VCARD
`);
    expect(cards[0]).toMatchObject({ kind: 'group', members: { 'urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af': true } });
    expect(values(cards[1]!.emails).map(e => e.pref)).toEqual([100, 1]);
    expect(values(cards[1]!.phones)[0]).toMatchObject({
      number: '+1-555-555-5555;ext=5555',
      features: { voice: true },
      contexts: { private: true },
    });
    expect(values(cards[1]!.addresses)[0]!.full).toBe('Main St 1\nReston');
    expect(values(cards[1]!.anniversaries).map(a => a.date)).toEqual([
      { month: 4, day: 15 },
      { year: 2009, month: 8, day: 8 },
    ]);
  });
});

describe('character sets', () => {
  test('a file that is not UTF-8 is of the kind that is usual here', () => {
    const bytes = Uint8Array.from('BEGIN:VCARD\r\nFN:\xc1\xee\xf0\xe8\xf1\r\nEND:VCARD\r\n', c => c.charCodeAt(0));
    expect(readCards(bytes, 'windows-1251').cards[0]!.name!.full).toBe('Борис');
    expect(
      readCards(
        Uint8Array.from('BEGIN:VCARD\nFN;CHARSET=ISO-8859-1:J\xf6rg\nEND:VCARD', c => c.charCodeAt(0)),
        'windows-1251',
      ).cards[0]!.name!.full,
    ).toBe('Jörg');
  });

  test('UTF-16 and a mark of UTF-8', () => {
    const text = 'BEGIN:VCARD\r\nFN:Jörg\r\nEND:VCARD\r\n';
    const wide = new Uint8Array(2 + text.length * 2);
    wide.set([0xff, 0xfe]);
    for (let i = 0; i < text.length; i++) wide.set([text.charCodeAt(i) & 255, text.charCodeAt(i) >> 8], 2 + i * 2);
    expect(readCards(wide).cards[0]!.name!.full).toBe('Jörg');
    expect(readCards(new TextEncoder().encode(`\ufeff${text}`)).cards).toHaveLength(1);
  });
});

describe('what cannot be read', () => {
  test('is said by line, and the rest is read', () => {
    const found = read(
      'rubbish\nBEGIN:VCARD\nFN:A\nno colon here\nEMAIL:a@b\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nEND:VCARD\nBEGIN:VCARD\nFN:B\n',
    );
    expect(found.cards.map(c => c.name!.full)).toEqual(['A', 'B']);
    expect(found.lost).toEqual([1, 4, 8]);
  });

  test('pictures that are none, and too many cards', () => {
    expect(read('BEGIN:VCARD\nFN:A\nPHOTO;ENCODING=b;TYPE=PNG:PHN2Zz48L3N2Zz4=\nEND:VCARD\n')).toMatchObject({ pictures: 1 });
    expect(read(`BEGIN:VCARD\nFN:A\nPHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo${'A'.repeat(700_000)}\nEND:VCARD\n`).pictures).toBe(1);
    const many = read('BEGIN:VCARD\nFN:A\nEND:VCARD\n'.repeat(mostCards + 1));
    expect(many.cards).toHaveLength(mostCards);
    expect(many.isCut).toBe(true);
  });

  test('nothing that is sent breaks it', () => {
    const seeds = [
      'BEGIN:VCARD\nN:a;b\nTEL;TYPE="x:1\nBDAY:1604\nPHOTO;ENCODING=b:=\nEND:VCARD',
      ':\n;\nBEGIN:VCARD\nEND:VCARD',
      'JSPROP;JSPTR=__proto__:{}',
    ];
    let random = 7;
    const next = (n: number) => (random = (random * 1103515245 + 12345) & 0x7fffffff) % n;
    for (let i = 0; i < 3000; i++) {
      const bytes = octets(seeds[next(seeds.length)]!);
      for (let j = next(6); j >= 0; j--) bytes[next(bytes.length)] = next(256);
      const { cards } = readCards(bytes);
      for (const card of cards) expect(() => writeCards([whole(card)])).not.toThrow();
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('written', () => {
  const rich: Card = whole({
    name: {
      components: [
        { kind: 'surname', value: 'Müller' },
        { kind: 'given', value: 'Jörg; the "2nd"' },
      ],
      full: 'Jörg Müller',
    },
    nicknames: { n: { name: 'J, M' } },
    organizations: { o: { name: 'ACME; Inc', units: [{ name: 'R\\D' }] } },
    titles: { t: { name: 'Chief' }, r: { name: 'Boss', kind: 'role' } },
    emails: { e: { address: 'j@example.com', contexts: { work: true }, pref: 1 }, l: { address: 'k@example.com', label: 'Boat' } },
    phones: { p: { number: '+1 555', features: { mobile: true }, contexts: { private: true } } },
    addresses: {
      a: {
        components: [
          { kind: 'name', value: 'Main St 1' },
          { kind: 'locality', value: 'Reston' },
        ],
        contexts: { private: true },
      },
    },
    anniversaries: {
      b: { kind: 'birth', date: { month: 2, day: 29 } },
      w: { kind: 'wedding', date: { year: 2009, month: 8, day: 8 } },
    },
    notes: { n: { note: `Long ${'ä'.repeat(200)}\nsecond` } },
    links: { l: { uri: 'https://example.com/?a=1,2;3' } },
    keywords: { 'a,b': true },
    media: { m: { kind: 'photo', uri: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==', mediaType: 'image/png' } },
    vCardProps: [['x-foo', { group: 'item9', type: ['a', 'b'], 'x-q': 'a:"b"' }, 'unknown', 'kept\\, as it was']],
  });
  (rich as unknown as Record<string, unknown>)['speakToAs'] = { grammaticalGender: 'masculine' };

  test('and read again it is the same', () => {
    const text = writeCards([rich]);
    for (const line of text.split('\r\n')) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
    const again = readCards(new TextEncoder().encode(text));
    expect(again.lost).toEqual([]);
    const card = again.cards[0]!;
    const plain = (of: NewCard) =>
      JSON.parse(
        JSON.stringify(of, (_, v) => (v && typeof v === 'object' && !Array.isArray(v) ? sortedValues(v as object) : v)),
      ) as unknown;
    const { id: _, addressBookIds: __, ...sent } = rich;
    expect(plain(card)).toEqual(plain(sent));
  });

  // Keys of maps are the reader's own: what counts is what they hold.
  function sortedValues(of: object): object {
    const entries = Object.entries(of);
    const isMap = entries.length > 0 && entries.every(([key, v]) => v && typeof v === 'object' && /^(v\d+|[a-z])$/.test(key));
    return isMap ? entries.map(([, v]) => JSON.stringify(v)).sort() : Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  test('groups as Apple reads them', () => {
    const text = writeCards([whole({ kind: 'group', name: { full: 'Club' }, members: { 'urn:uuid:1': true } })]);
    expect(text).toContain('X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1\r\n');
    expect(readCards(new TextEncoder().encode(text)).cards[0]).toMatchObject({ kind: 'group', members: { 'urn:uuid:1': true } });
  });

  test('what no vCard can say goes along as JSPROP, also a date with a year alone', () => {
    const card = whole({ name: { full: 'A' }, anniversaries: { b: { kind: 'birth', date: { year: 1980 } } } });
    expect(readCards(new TextEncoder().encode(writeCards([card]))).cards[0]!.anniversaries).toEqual(card.anniversaries);
  });
});

test('lines', () => {
  expect(parts(';a\\;b;;c', ';')).toEqual(['', 'a;b', '', 'c']);
  expect(parts('a\\,b, c', ',')).toEqual(['a,b', 'c']);
  expect(readLines(octets('BEGIN:VCARD\nNOTE:a\n b\n\tc\nEND:VCARD'), 'utf-8').cards[0]![0]).toMatchObject({
    name: 'NOTE',
    value: 'abc',
  });
  expect(written('g', 'X', [['A', 'b;c']], 'v')).toBe('g.X;A="b;c":v\r\n');
});

test('the same person twice', () => {
  expect(likenessOf(one('FN:A B\nEMAIL:A@B.c\nTEL:+1 (2) 3'))).toBe(likenessOf(one('N:B;A\nFN:A B\nTEL:+1-23\nEMAIL:a@b.C')));
  expect(likenessOf(one('FN:A\nEMAIL:a@b'))).not.toBe(likenessOf(one('FN:A\nEMAIL:a@c')));
});

test('what a card is called', () => {
  expect(titleOf(whole({ emails: { b: { address: 'b@x' }, a: { address: 'a@x', pref: 1 } } }))).toBe('a@x');
  expect(titleOf(whole({ organizations: { o: { name: 'ACME' } }, emails: { b: { address: 'b@x' } } }))).toBe('ACME');
  expect(
    titleOf(
      whole({
        name: {
          components: [
            { kind: 'surname', value: 'B' },
            { kind: 'given', value: 'A' },
          ],
        },
      }),
    ),
  ).toBe('A B');
  expect(
    joined({
      isOrdered: true,
      components: [
        { kind: 'surname', value: 'B' },
        { kind: 'separator', value: ', ' },
        { kind: 'given', value: 'A' },
      ],
    }),
  ).toBe('B, A');
});
