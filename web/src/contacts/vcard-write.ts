// Cards as vCard 3.0: what Outlook, Google and Apple all read. What it has no words for goes out as JSPROP (RFC 9555 §3.2.1), and comes
// back so.
import type { Card, PartialDate, Reached } from './card';
import { byPref, isGroup, joined, titleOf } from './card';
import { escaped, written } from './vcard-lines';

type Params = [string, string][];

/** @param cards With their pictures as data: URIs. */
export const writeCards = (cards: readonly Card[]): string => cards.map(card => new Writer(card).write()).join('');

const said = new Set([
  'id',
  'addressBookIds',
  '@type',
  'version',
  'uid',
  'kind',
  'created',
  'updated',
  'prodId',
  'name',
  'nicknames',
  'organizations',
  'titles',
  'emails',
  'phones',
  'addresses',
  'notes',
  'links',
  'keywords',
  'members',
  'media',
  'vCardProps',
]);

class Writer {
  private out = '';
  private items = 0;

  constructor(private readonly card: Card) {}

  write(): string {
    const { card } = this;
    this.line('BEGIN', 'VCARD');
    this.line('VERSION', '3.0');
    this.line('UID', escaped(card.uid));
    this.names();
    for (const [, one] of byPref(card.nicknames)) this.line('NICKNAME', escaped(one.name));
    for (const one of Object.values(card.organizations ?? {}))
      this.line('ORG', [one.name ?? '', ...(one.units ?? []).map(u => u.name)].map(escaped).join(';'));
    for (const one of Object.values(card.titles ?? {})) this.line(one.kind === 'role' ? 'ROLE' : 'TITLE', escaped(one.name));
    for (const [, one] of byPref(card.emails)) this.reached('EMAIL', one, escaped(one.address), ['INTERNET']);
    for (const [, one] of byPref(card.phones))
      this.reached(
        'TEL',
        one,
        escaped(one.number),
        Object.keys(one.features ?? {}).map(f => (f === 'mobile' ? 'CELL' : f.toUpperCase())),
      );
    this.addresses();
    const isKept = this.dates();
    for (const one of Object.values(card.notes ?? {})) this.line('NOTE', escaped(one.note));
    for (const [, one] of byPref(card.links)) this.reached('URL', one, one.uri, []);
    const words = Object.keys(card.keywords ?? {});
    if (words.length > 0) this.line('CATEGORIES', words.map(escaped).join(','));
    for (const one of Object.values(card.media ?? {})) this.photo(one.kind, one.uri ?? '');
    if (isGroup(card)) {
      // As Apple writes groups, and whoever reads them.
      this.line('X-ADDRESSBOOKSERVER-KIND', 'group');
      for (const uid of Object.keys(card.members ?? {})) this.line('X-ADDRESSBOOKSERVER-MEMBER', escaped(uid));
    } else if (card.kind && card.kind !== 'individual') this.line('KIND', escaped(card.kind));
    for (const [name, params, , value] of card.vCardProps ?? []) {
      const { group, ...rest } = params;
      const all: Params = Object.entries(rest).flatMap(([key, text]) =>
        [text].flat().map((one): [string, string] => [key.toUpperCase(), one]),
      );
      this.out += written(typeof group === 'string' ? group : '', name.toUpperCase(), all, value.replace(/\r\n|\r|\n/g, '\\n'));
    }
    for (const [name, value] of Object.entries(card))
      if (!said.has(name) && !(name === 'anniversaries' && isKept)) this.line('JSPROP', escaped(JSON.stringify(value)), [['JSPTR', name]]);
    this.line('END', 'VCARD');
    return this.out;
  }

  private names(): void {
    const name = this.card.name ?? {};
    const of = (kind: string) =>
      (name.components ?? [])
        .filter(c => c.kind === kind)
        .map(c => escaped(c.value))
        .join(',');
    const kinds = ['surname', 'given', 'given2', 'title', 'credential'];
    // RFC 2426 §3.1.2: there must be one.
    this.line('N', name.components ? kinds.map(of).join(';') : `;${escaped(name.full ?? '')};;;`);
    this.line('FN', escaped(name.full ?? (joined(name) || titleOf(this.card))));
  }

  private addresses(): void {
    const kinds = ['postOfficeBox', 'apartment', '', 'locality', 'region', 'postcode', 'country'];
    for (const [, one] of byPref(this.card.addresses)) {
      const all = one.components ?? [];
      const of = (kind: string) =>
        all
          // The street and whatever else stands between: number, building, district.
          .filter(c => (kind === '' ? c.kind !== 'separator' && !kinds.includes(c.kind) : c.kind === kind))
          .map(c => c.value)
          .join(' ');
      this.reached('ADR', one, all.length > 0 ? kinds.map(kind => escaped(of(kind))).join(';') : `;;${escaped(one.full ?? '')};;;;`, []);
    }
  }

  // True: all of them could be said.
  private dates(): boolean {
    const all = Object.values(this.card.anniversaries ?? {});
    const names: Record<string, string> = { birth: 'BDAY', wedding: 'ANNIVERSARY', death: 'DEATHDATE' };
    if (!all.every(one => names[one.kind] && dateText(one.date))) return false;
    for (const one of all) {
      const omitted: Params = one.date.year === undefined ? [['X-APPLE-OMIT-YEAR', '1604']] : [];
      this.line(names[one.kind]!, dateText(one.date)!, omitted);
    }
    return true;
  }

  private photo(kind: string, uri: string): void {
    const data = /^data:image\/([\w.+-]+);base64,(.*)$/is.exec(uri);
    if (kind === 'photo' && data)
      this.line('PHOTO', data[2]!, [
        ['ENCODING', 'b'],
        ['TYPE', data[1]!.toUpperCase()],
      ]);
    else if (kind === 'photo' && /^https?:/i.test(uri)) this.line('PHOTO', uri, [['VALUE', 'uri']]);
  }

  private reached(name: string, one: Reached, value: string, types: string[]): void {
    const all = [...types];
    if (one.contexts?.['private']) all.push('HOME');
    if (one.contexts?.['work']) all.push('WORK');
    if (one.pref === 1) all.push('PREF');
    const params: Params = all.map(type => ['TYPE', type]);
    if (one.label) {
      const group = `label${++this.items}`;
      this.out += written(group, name, params, value) + written(group, 'X-ABLabel', [], escaped(one.label));
    } else this.line(name, value, params);
  }

  private line(name: string, value: string, params: Params = []): void {
    this.out += written('', name, params, value);
  }
}

// Null: there is no day of the year in it.
function dateText({ year, month, day, utc }: PartialDate): string | null {
  if (utc !== undefined || month === undefined || day === undefined) return null;
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(year ?? 1604).padStart(4, '0')}-${two(month)}-${two(day)}`;
}
