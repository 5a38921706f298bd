// A card of the address book (RFC 9553, RFC 9610), as far as the page knows it. What is not named here stays in the card as it is.
import type { EmailAddress, Id } from '../jmap/types';
import { plainName } from '../mail/people';

type Flags = Record<string, true>;
type Ids<T> = Record<string, T>;

export interface Component {
  kind: string;
  value: string;
}

export interface Name {
  components?: Component[];
  full?: string;
  isOrdered?: boolean;
  defaultSeparator?: string;
}

export interface Reached {
  contexts?: Flags;
  pref?: number;
  label?: string;
}

export interface PartialDate {
  '@type'?: string;
  year?: number;
  month?: number;
  day?: number;
  utc?: string;
}

export interface Address extends Reached {
  components?: Component[];
  full?: string;
  countryCode?: string;
}

export interface Media {
  kind: string;
  uri?: string;
  blobId?: Id;
  mediaType?: string;
}

export interface Card {
  id: Id;
  uid: string;
  addressBookIds: Flags;
  kind?: string;
  name?: Name;
  nicknames?: Ids<{ name: string }>;
  organizations?: Ids<{ name?: string; units?: { name: string }[] }>;
  titles?: Ids<{ name: string; kind?: string }>;
  emails?: Ids<Reached & { address: string }>;
  phones?: Ids<Reached & { number: string; features?: Flags }>;
  addresses?: Ids<Address>;
  anniversaries?: Ids<{ kind: string; date: PartialDate }>;
  notes?: Ids<{ note: string }>;
  links?: Ids<Reached & { uri: string }>;
  onlineServices?: Ids<Reached & { service?: string; uri?: string; user?: string }>;
  keywords?: Flags;
  members?: Flags;
  media?: Ids<Media>;
  /** RFC 9555 §2.15.1: what a vCard said that nobody here knows, as jCard (RFC 7095). */
  vCardProps?: [string, Record<string, string | string[]>, string, string][];
}

/** Of a card that is not yet on the server. */
export type NewCard = Partial<Omit<Card, 'id' | 'addressBookIds'>>;

export const isGroup = (card: Pick<Card, 'kind'>): boolean => card.kind === 'group';

const order = ['title', 'given', 'given2', 'surname', 'surname2', 'generation', 'credential'];

/** The components of a name as one line; RFC 9553 §2.2.1.1 leaves the order to us unless it is said. */
export function joined(name: Name): string {
  const all = name.components ?? [];
  if (!name.isOrdered)
    return order
      .flatMap(kind => all.filter(c => c.kind === kind).map(c => c.value))
      .filter(Boolean)
      .join(' ');
  const separator = name.defaultSeparator ?? ' ';
  let text = '',
    said = true;
  for (const { kind, value } of all) {
    text += kind === 'separator' || said ? value : separator + value;
    said = kind === 'separator';
  }
  return text;
}

const first = <T>(map: Ids<T> | undefined): T | undefined => byPref(map)[0]?.[1];

/** The preferred first (RFC 9553 §1.5.3), else as they stand. */
export function byPref<T>(map: Ids<T> | undefined): [string, T][] {
  const rank = (one: T) => (one as Reached).pref ?? 101;
  return Object.entries(map ?? {}).sort((a, b) => rank(a[1]) - rank(b[1]));
}

export const companyOf = (card: Card): string => {
  const one = first(card.organizations);
  return plainName([one?.name ?? '', ...(one?.units ?? []).map(u => u.name)].filter(Boolean).join(', '));
};

/** What a card is called, by whatever there is of it. */
export function titleOf(card: Card): string {
  const name = plainName(card.name?.full ?? '') || plainName(joined(card.name ?? {}));
  return (
    name || plainName(first(card.nicknames)?.name ?? '') || companyOf(card) || addressesOf(card)[0] || first(card.phones)?.number || ''
  );
}

/** Its addresses of mail, the preferred first. */
export const addressesOf = (card: Card): string[] => byPref(card.emails).map(([, e]) => e.address.trim());

/** The addresses as a letter writes them. */
export const peopleOf = (card: Card): EmailAddress[] => {
  const title = titleOf(card);
  return addressesOf(card).map(email => ({ name: title === email ? null : title, email }));
};

export const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** All that a search looks at. */
export function textOf(card: Card): string {
  const values = <T>(map: Ids<T> | undefined, of: (one: T) => string | undefined) => Object.values(map ?? {}).map(one => of(one) ?? '');
  return fold(
    [
      titleOf(card),
      companyOf(card),
      ...values(card.nicknames, n => n.name),
      ...values(card.emails, e => e.address),
      // As it is dialled too.
      ...values(card.phones, p => `${p.number} ${p.number.replace(/[^\d+]/g, '')}`),
    ].join('\n'),
  );
}

/** The members of a group that there are: of an uid that is not (or not yet) known nothing is shown, and it stays (RFC 9610 §3). */
export function membersOf(group: Card, cards: Iterable<Card>): Card[] {
  const wanted = group.members ?? {};
  return [...cards].filter(card => card.uid in wanted && card.id !== group.id);
}

export const photoOf = (card: Card): Media | undefined => Object.values(card.media ?? {}).find(m => m.kind === 'photo' && m.blobId);
