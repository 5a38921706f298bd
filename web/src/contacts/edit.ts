// What the form of a card shows, and what of the card changes when it is saved: only what somebody touched.
import { parseAddresses } from '../mail/people';
import { byPref, isGroup, joined, type Card, type Component, type Name, type NewCard, type PartialDate } from './card';

export type Where = 'private' | 'work' | 'other';

/** A line that can be had several times. */
export interface Line {
  /** In the card; null: a new one. */
  key: string | null;
  value: string;
  where: Where;
  isMobile?: boolean;
}

export interface AddressLine {
  key: string | null;
  where: Where;
  street: string;
  postcode: string;
  locality: string;
  region: string;
  country: string;
}

export interface CardForm {
  isGroup: boolean;
  given: string;
  surname: string;
  /** Of a group. */
  full: string;
  nickname: string;
  company: string;
  title: string;
  emails: Line[];
  phones: Line[];
  addresses: AddressLine[];
  day: string;
  month: string;
  year: string;
  note: string;
  /** Uids. */
  members: string[];
}

const parts = ['street', 'postcode', 'locality', 'region', 'country'] as const;

export const emptyAddress = (): AddressLine => ({
  key: null,
  where: 'private',
  street: '',
  postcode: '',
  locality: '',
  region: '',
  country: '',
});
export const emptyLine = (): Line => ({ key: null, value: '', where: 'private' });

const whereOf = (contexts: Record<string, true> | undefined): Where =>
  contexts?.['work'] ? 'work' : contexts?.['private'] ? 'private' : 'other';
const firstKey = (map: Record<string, unknown> | undefined): string | undefined => byPref(map)[0]?.[0];

export function formOf(card: Card | NewCard): CardForm {
  const name = namesOf(card.name ?? {});
  const birth = Object.values(card.anniversaries ?? {}).find(a => a.kind === 'birth')?.date;
  const number = (n: number | undefined) => (n === undefined ? '' : String(n));
  return {
    isGroup: isGroup(card),
    ...name,
    full: card.name?.full ?? joined(card.name ?? {}),
    nickname: byPref(card.nicknames)[0]?.[1].name ?? '',
    company: byPref(card.organizations)[0]?.[1].name ?? '',
    title: byPref(card.titles)[0]?.[1].name ?? '',
    emails: byPref(card.emails).map(([key, one]) => ({ key, value: one.address, where: whereOf(one.contexts) })),
    phones: byPref(card.phones).map(([key, one]) => ({
      key,
      value: one.number,
      where: whereOf(one.contexts),
      isMobile: one.features?.['mobile'] === true,
    })),
    addresses: byPref(card.addresses).map(([key, one]) => {
      const of = (kind: string) => valuesOf(one.components, k => k === kind);
      return {
        key,
        where: whereOf(one.contexts),
        street: one.components ? valuesOf(one.components, isStreet) : (one.full ?? ''),
        postcode: of('postcode'),
        locality: of('locality'),
        region: of('region'),
        country: of('country'),
      };
    }),
    day: number(birth?.day),
    month: number(birth?.month),
    year: number(birth?.year),
    note: byPref(card.notes)[0]?.[1].note ?? '',
    members: Object.keys(card.members ?? {}),
  };
}

const isStreet = (kind: string): boolean => !['postcode', 'locality', 'region', 'country', 'separator'].includes(kind);
const valuesOf = (all: Component[] | undefined, is: (kind: string) => boolean): string =>
  (all ?? [])
    .filter(c => is(c.kind))
    .map(c => c.value)
    .join(' ');

function namesOf(name: Name): { given: string; surname: string } {
  const of = (kind: string) => name.components?.find(c => c.kind === kind)?.value ?? '';
  if (of('given') || of('surname') || !name.full) return { given: of('given'), surname: of('surname') };
  // Who has only a whole name: the last word is taken for the surname, until somebody says otherwise.
  const words = name.full.trim().split(/\s+/);
  return words.length > 1 ? { given: words.slice(0, -1).join(' '), surname: words.at(-1)! } : { given: words[0] ?? '', surname: '' };
}

export type Wrong = Partial<Record<'name' | 'birthday' | `email${number}`, 'empty' | 'address' | 'date'>>;

/** What has to be right before it is saved. */
export function judge(form: CardForm): Wrong {
  const wrong: Wrong = {};
  if (form.isGroup ? !form.full.trim() : !anybody(form)) wrong.name = 'empty';
  form.emails.forEach((line, i) => {
    const text = line.value.trim();
    if (text && !/^[^\s@]+@[^\s@]+$/.test(text)) wrong[`email${i}`] = 'address';
  });
  if (dateOf(form) === null) wrong.birthday = 'date';
  return wrong;
}

const anybody = (form: CardForm): boolean =>
  [form.given, form.surname, form.nickname, form.company, ...form.emails.map(l => l.value), ...form.phones.map(l => l.value)].some(
    t => t.trim() !== '',
  );

// Null: that is no day; undefined: none is said.
function dateOf({ day, month, year }: CardForm): PartialDate | null | undefined {
  const [d, m, y] = [day, month, year].map(t => (t.trim() === '' ? undefined : Number(t)));
  if (d === undefined && m === undefined && y === undefined) return undefined;
  const whole = (n: number | undefined, from: number, to: number) => n === undefined || (Number.isInteger(n) && n >= from && n <= to);
  if (
    !whole(d, 1, 31) ||
    !whole(m, 1, 12) ||
    !whole(y, 1, 9999) ||
    (d !== undefined && m === undefined) ||
    (m !== undefined && d === undefined && y === undefined)
  )
    return null;
  if (d !== undefined && m !== undefined && d > new Date(Date.UTC(y ?? 2000, m, 0)).getUTCDate()) return null;
  return { ...(y !== undefined ? { year: y } : {}), ...(m !== undefined ? { month: m } : {}), ...(d !== undefined ? { day: d } : {}) };
}

type Changes = Record<string, unknown>;

/** The properties of the card that are others now; null: it is gone. Nothing else is said, and so nothing else is lost. */
export function changesOf(card: Card | NewCard, form: CardForm): Changes {
  const before = formOf(card);
  const out: Changes = {};
  const say = (name: keyof NewCard, value: object | undefined) => {
    out[name] = value && Object.keys(value).length > 0 ? value : null;
  };
  // A line in which nothing was written is none.
  const meant = (value: CardForm[keyof CardForm]) =>
    JSON.stringify(
      Array.isArray(value) ? value.filter(one => typeof one === 'string' || !('value' in one) || one.value.trim() !== '') : value,
    );
  const same = (...names: (keyof CardForm)[]) => names.every(n => meant(before[n]) === meant(form[n]));
  if (form.isGroup) {
    if (!same('full')) say('name', { full: form.full.trim() });
    if (!same('members') || !isGroup(card)) out['members'] = Object.fromEntries(form.members.map(uid => [uid, true]));
    if (!isGroup(card)) out['kind'] = 'group';
  } else {
    if (!same('given', 'surname')) say('name', nameOf(card.name, form));
    if (!same('nickname'))
      say(
        'nicknames',
        firstSet(card.nicknames, form.nickname, name => ({ name })),
      );
    if (!same('company'))
      say(
        'organizations',
        firstSet(card.organizations, form.company, name => ({ name })),
      );
    if (!same('title'))
      say(
        'titles',
        firstSet(card.titles, form.title, name => ({ name })),
      );
    if (!same('emails'))
      say(
        'emails',
        lines(card.emails, form.emails, before.emails, line => ({ address: line.value.trim() })),
      );
    if (!same('phones'))
      say(
        'phones',
        lines(card.phones, form.phones, before.phones, line => ({ number: line.value.trim() }), mobile),
      );
    if (!same('addresses')) say('addresses', addresses(card, form, before));
    if (!same('day', 'month', 'year')) say('anniversaries', birthday(card, form));
  }
  if (!same('note'))
    say(
      'notes',
      firstSet(card.notes, form.note, note => ({ note })),
    );
  return out;
}

function nameOf(old: Name | undefined, form: CardForm): Name | undefined {
  const [given, surname] = [form.given.trim(), form.surname.trim()];
  let components = old?.components ?? [];
  for (const [kind, value] of [
    ['given', given],
    ['surname', surname],
  ] as const) {
    const at = components.findIndex(c => c.kind === kind);
    if (at < 0) components = value ? [...components, { kind, value }] : components;
    else components = value ? components.map((c, i) => (i === at ? { ...c, value } : c)) : components.filter((_, i) => i !== at);
  }
  if (components.every(c => c.kind === 'separator')) return undefined;
  const { full: _, ...rest } = old ?? {};
  const name: Name = { ...rest, components };
  return { ...name, full: joined(name) };
}

// The first of them has this text now; without text it goes.
function firstSet<T extends object>(
  map: Record<string, T> | undefined,
  text: string,
  make: (text: string) => NoInfer<T>,
): Record<string, T> {
  const key = firstKey(map);
  const out = { ...map };
  if (text.trim() === '') {
    if (key !== undefined) delete out[key];
  } else out[key ?? freshKey(out)] = { ...(key !== undefined ? out[key] : {}), ...make(text.trim()) } as T;
  return out;
}

function freshKey(map: object): string {
  let n = 1;
  while (`k${n}` in map) n++;
  return `k${n}`;
}

function lines<T extends { contexts?: Record<string, true> }>(
  map: Record<string, T> | undefined,
  now: readonly Line[],
  before: readonly Line[],
  make: (line: Line) => object,
  more: (one: T, line: Line) => T = one => one,
): Record<string, T> {
  const out: Record<string, T> = {};
  for (const line of now.filter(l => l.value.trim() !== '')) {
    const old = line.key === null ? undefined : map?.[line.key];
    const was = before.find(b => b.key === line.key);
    const one = { ...old, ...make(line) } as unknown as T;
    out[line.key ?? freshKey({ ...map, ...out })] = more(was?.where === line.where && old ? one : placed(one, line.where), line);
  }
  return out;
}

function placed<T extends { contexts?: Record<string, true> }>(one: T, where: Where): T {
  const { private: _, work: __, ...others } = one.contexts ?? {};
  const contexts = where === 'other' ? others : { ...others, [where]: true as const };
  const { contexts: ___, ...rest } = one;
  return (Object.keys(contexts).length > 0 ? { ...rest, contexts } : rest) as T;
}

function mobile<T extends { features?: Record<string, true> }>(one: T, line: Line): T {
  if ((one.features?.['mobile'] === true) === (line.isMobile === true)) return one;
  const { mobile: _, ...others } = one.features ?? {};
  const features = line.isMobile ? { ...others, mobile: true as const } : others;
  const { features: __, ...rest } = one;
  return (Object.keys(features).length > 0 ? { ...rest, features } : rest) as T;
}

function addresses(card: Card | NewCard, form: CardForm, before: CardForm): Record<string, object> {
  const out: Record<string, object> = {};
  for (const line of form.addresses.filter(l => parts.some(p => l[p].trim() !== ''))) {
    const old = line.key === null ? undefined : card.addresses?.[line.key];
    const was = before.addresses.find(b => b.key === line.key);
    let one = { ...old };
    if (!was || parts.some(p => was[p] !== line[p])) {
      const { full: _, ...rest } = one;
      const kinds = { street: 'name', postcode: 'postcode', locality: 'locality', region: 'region', country: 'country' };
      one = { ...rest, components: parts.flatMap(p => (line[p].trim() ? [{ kind: kinds[p], value: line[p].trim() }] : [])) };
    }
    out[line.key ?? freshKey({ ...card.addresses, ...out })] = was?.where === line.where ? one : placed(one, line.where);
  }
  return out;
}

function birthday(card: Card | NewCard, form: CardForm): Record<string, object> {
  const out: Record<string, object> = { ...card.anniversaries };
  const key = Object.entries(card.anniversaries ?? {}).find(([, a]) => a.kind === 'birth')?.[0];
  const date = dateOf(form);
  if (date) out[key ?? freshKey(out)] = { ...(key ? card.anniversaries![key] : {}), kind: 'birth', date };
  else if (key) delete out[key];
  return out;
}

/** Somebody of a letter, as a card begins. */
export function cardOf(name: string | null, email: string): NewCard {
  const { given, surname } = namesOf({ full: name ?? '' });
  const components = [
    { kind: 'given', value: given },
    { kind: 'surname', value: surname },
  ].filter(c => c.value !== '');
  return { ...(components.length > 0 ? { name: { components, full: name! } } : {}), emails: { k1: { address: email } } };
}

/** "Bob <bob@example.org>, …" as it was typed into the search of contacts: a card to begin with. */
export function cardFrom(text: string): NewCard {
  const one = text.includes('@') ? parseAddresses(text)[0] : undefined;
  return one ? cardOf(one.name, one.email) : text.trim() ? { name: { full: text.trim() } } : {};
}
