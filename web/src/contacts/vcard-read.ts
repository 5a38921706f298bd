// vCards as cards of the address book (RFC 9555). Written by many programs in many ways: what is understood becomes a property of the card,
// what is not stays in it under vCardProps and goes out again with it.
import type { Address, Card, Component, NewCard, PartialDate, Reached } from './card';
import { joined } from './card';
import { escaped, parts, readLines, unescaped, type Property } from './vcard-lines';

/** What became of a file. */
export interface Found {
  cards: NewCard[];
  /** Numbers of lines that say nothing. */
  lost: number[];
  /** Pictures of no known kind, or too large. */
  pictures: number;
  /** There were more cards than one file may have. */
  isCut: boolean;
}

export const mostCards = 10_000;
const mostPicture = 600_000,
  mostUnknown = 60_000;

/** @param charset Of a file that is not UTF-8 where it does not say so. */
export function readCards(octets: Uint8Array, charset = 'windows-1252'): Found {
  const { cards, lost } = readLines(octets, charset);
  const found: Found = { cards: [], lost, pictures: 0, isCut: cards.length > mostCards };
  for (const properties of cards.slice(0, mostCards)) {
    const reader = new Reader(properties);
    const card = reader.read();
    found.pictures += reader.pictures;
    if (card) found.cards.push(card);
    else found.lost.push(properties[0]?.line ?? 0);
  }
  return found;
}

const nameKinds = ['surname', 'given', 'given2', 'title', 'credential'];
const addressKinds = ['postOfficeBox', 'apartment', 'name', 'locality', 'region', 'postcode', 'country'];
const featureNames: Record<string, string> = {
  cell: 'mobile',
  mobile: 'mobile',
  iphone: 'mobile',
  voice: 'voice',
  fax: 'fax',
  pager: 'pager',
  text: 'text',
  video: 'video',
  textphone: 'textphone',
};

class Reader {
  pictures = 0;
  private readonly card: NewCard = {};
  private readonly labels = new Map<string, string>();
  private at = 0;

  constructor(private readonly properties: readonly Property[]) {
    for (const p of properties) if (p.name === 'X-ABLABEL' && p.group) this.labels.set(p.group, unescaped(p.value).trim());
  }

  /** Null: there is nobody in it. */
  read(): NewCard | null {
    for (const one of this.properties) if (one.value.trim() !== '') this.one(one);
    const { name, emails, phones, organizations, nicknames } = this.card;
    return name || emails || phones || organizations || nicknames ? this.card : null;
  }

  private one(p: Property): void {
    const text = unescaped(p.value).trim();
    const card = this.card;
    switch (p.name) {
      case 'VERSION':
      case 'PRODID':
      case 'REV':
      case 'X-ABLABEL':
        return;
      case 'UID':
        card.uid = text;
        return;
      case 'KIND':
      case 'X-ADDRESSBOOKSERVER-KIND':
        card.kind = text.toLowerCase();
        return;
      case 'MEMBER':
      case 'X-ADDRESSBOOKSERVER-MEMBER':
        (card.members ??= {})[text] = true;
        card.kind = 'group';
        return;
      case 'FN':
        card.name = { ...card.name, full: card.name?.full ?? text };
        return;
      case 'N':
        this.name(p);
        return;
      case 'NICKNAME':
        for (const name of parts(p.value, ',').filter(Boolean)) this.add('nicknames', { name });
        return;
      case 'ORG': {
        const [name, ...units] = parts(p.value, ';');
        const named = units.filter(Boolean).map(unit => ({ name: unit }));
        if (name || named.length > 0)
          this.add('organizations', { ...(name ? { name } : {}), ...(named.length > 0 ? { units: named } : {}) });
        return;
      }
      case 'TITLE':
      case 'ROLE':
        this.add('titles', { name: text, ...(p.name === 'ROLE' ? { kind: 'role' } : {}) });
        return;
      case 'EMAIL':
        this.add('emails', { address: text.replace(/^mailto:/i, ''), ...this.reached(p) });
        return;
      case 'TEL':
        this.phone(p, text);
        return;
      case 'ADR':
        this.address(p);
        return;
      case 'BDAY':
      case 'ANNIVERSARY':
      case 'DEATHDATE': {
        const date = dateOf(p, text);
        if (!date) break;
        this.add('anniversaries', { kind: p.name === 'BDAY' ? 'birth' : p.name === 'ANNIVERSARY' ? 'wedding' : 'death', date });
        return;
      }
      case 'NOTE':
        this.add('notes', { note: text });
        return;
      case 'URL':
        this.add('links', { uri: text, ...this.reached(p) });
        return;
      case 'IMPP':
        this.add('onlineServices', {
          uri: text,
          ...(p.params['X-SERVICE-TYPE']?.[0] ? { service: p.params['X-SERVICE-TYPE'][0] } : {}),
        });
        return;
      case 'CATEGORIES':
        for (const word of parts(p.value, ',').filter(Boolean)) (card.keywords ??= {})[word] = true;
        return;
      case 'PHOTO':
        this.photo(p);
        return;
      case 'X-ABADR':
        return;
      case 'JSPROP':
        if (this.own(p, text)) return;
        break;
    }
    this.keep(p);
  }

  private name(p: Property): void {
    const components: Component[] = parts(p.value, ';').flatMap((part, i) =>
      nameKinds[i] && part ? part.split(/,\s*/).map(value => ({ kind: nameKinds[i]!, value })) : [],
    );
    if (components.length > 0) this.card.name = { components, ...this.card.name };
  }

  private phone(p: Property, text: string): void {
    const features: Record<string, true> = {};
    for (const type of types(p)) if (featureNames[type]) features[featureNames[type]] = true;
    this.add('phones', {
      number: text.replace(/^tel:/i, ''),
      ...(Object.keys(features).length > 0 ? { features } : {}),
      ...this.reached(p),
    });
  }

  private address(p: Property): void {
    const components: Component[] = parts(p.value, ';').flatMap((value, i) =>
      addressKinds[i] && value ? [{ kind: addressKinds[i], value }] : [],
    );
    const full = p.params['LABEL']?.[0];
    const country = this.properties.find(o => o.name === 'X-ABADR' && o.group !== '' && o.group === p.group)?.value;
    const address: Address = {
      ...(components.length > 0 ? { components } : {}),
      ...(full ? { full } : {}),
      ...(country && /^[a-z]{2}$/i.test(country) ? { countryCode: country.toUpperCase() } : {}),
      ...this.reached(p),
    };
    if (components.length > 0 || full) this.add('addresses', address);
  }

  private photo(p: Property): void {
    const data = /^data:[^,]*;base64,(.*)$/is.exec(p.value.trim())?.[1];
    const encoded = data ?? (/^(?:B|BASE64)$/i.test(p.params['ENCODING']?.[0] ?? '') ? p.value : null);
    if (encoded === null) {
      // Elsewhere: it is kept, and nobody fetches it.
      this.keep(p);
      return;
    }
    const base64 = encoded.replace(/\s+/g, '');
    const type = pictureType(base64);
    if (!type || base64.length > mostPicture) this.pictures++;
    else this.add('media', { kind: 'photo', uri: `data:${type};base64,${base64}`, mediaType: type });
  }

  // RFC 9555 §3.2.1: what no vCard can say of a card, as this page wrote it.
  private own(p: Property, text: string): boolean {
    const name = p.params['JSPTR']?.[0] ?? '';
    if (!/^[A-Za-z][\w.:-]*$/.test(name) || name in this.card || reserved.has(name)) return false;
    try {
      (this.card as Record<string, unknown>)[name] = JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }

  private keep(p: Property): void {
    if (p.value.length > mostUnknown) return;
    const params: Record<string, string | string[]> = p.group ? { group: p.group } : {};
    for (const [key, values] of Object.entries(p.params))
      if (!/^(?:CHARSET|ENCODING)$/.test(key)) params[key.toLowerCase()] = values.length === 1 ? values[0]! : values;
    const base64 = /^(?:B|BASE64)$/i.test(p.params['ENCODING']?.[0] ?? '');
    const kept = (this.card.vCardProps ??= []);
    kept.push([p.name.toLowerCase(), base64 ? { ...params, encoding: 'b' } : params, 'unknown', p.value]);
    const label = this.labels.get(p.group);
    if (label !== undefined && !kept.some(k => k[0] === 'x-ablabel' && k[1]['group'] === p.group))
      kept.push(['x-ablabel', { group: p.group }, 'unknown', escaped(label)]);
  }

  private reached(p: Property): Reached {
    const of = types(p);
    const contexts: Record<string, true> = {};
    const label = this.labels.get(p.group) ?? '';
    const common = /^_\$!<(.*)>!\$_$/.exec(label)?.[1]?.toLowerCase();
    if (of.includes('home') || common === 'home') contexts['private'] = true;
    if (of.includes('work') || common === 'work') contexts['work'] = true;
    const pref = Number(p.params['PREF']?.[0] ?? NaN);
    return {
      ...(Object.keys(contexts).length > 0 ? { contexts } : {}),
      ...(pref >= 1 && pref <= 100 ? { pref: Math.trunc(pref) } : of.includes('pref') ? { pref: 1 } : {}),
      ...(label && common === undefined && p.name !== 'ADR' ? { label } : {}),
    };
  }

  private add<
    K extends
      | 'emails'
      | 'phones'
      | 'addresses'
      | 'titles'
      | 'notes'
      | 'links'
      | 'media'
      | 'nicknames'
      | 'organizations'
      | 'onlineServices'
      | 'anniversaries',
  >(to: K, value: NonNullable<Card[K]>[string]): void {
    ((this.card[to] ??= {}) as Record<string, unknown>)[`v${++this.at}`] = value;
  }
}

const reserved = new Set([
  'id',
  'addressBookIds',
  'uid',
  '@type',
  'version',
  'media',
  'vCardProps',
  '__proto__',
  'constructor',
  'prototype',
]);

const types = (p: Property): string[] => (p.params['TYPE'] ?? []).flatMap(t => t.split(',')).map(t => t.trim().toLowerCase());

// RFC 6350 §4.3.1, RFC 2426 §3.1.5: 1996-04-15, 19960415, --0415, 1996-04, 1996, with or without a time; Apple writes a year that is to be
// left out.
function dateOf(p: Property, text: string): PartialDate | null {
  const m = /^(?:(\d{4})(?:-?(\d\d)(?:-?(\d\d))?)?|--(\d\d)(?:-?(\d\d))?|---(\d\d))(?:[T ].*)?$/i.exec(text);
  if (!m) return null;
  const [year, month, day] = [m[1], m[2] ?? m[4], m[3] ?? m[5] ?? m[6]].map(n => (n === undefined ? undefined : Number(n)));
  if ((month !== undefined && (month < 1 || month > 12)) || (day !== undefined && (day < 1 || day > 31))) return null;
  const isOmitted = year !== undefined && String(year) === p.params['X-APPLE-OMIT-YEAR']?.[0];
  return {
    ...(year !== undefined && !isOmitted ? { year } : {}),
    ...(month !== undefined ? { month } : {}),
    ...(day !== undefined ? { day } : {}),
  };
}

// By what it begins with, whatever it is said to be: what is no picture never becomes one.
function pictureType(base64: string): string | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null;
  if (base64.startsWith('/9j/')) return 'image/jpeg';
  if (base64.startsWith('iVBORw0KGgo')) return 'image/png';
  if (/^R0lGODdh|^R0lGODlh/.test(base64)) return 'image/gif';
  return /^UklGR.{11}XRUJQ|^UklGR/.test(base64) ? 'image/webp' : null;
}

/** What two cards have in common who are the same person to somebody who imports a file twice. */
export const likenessOf = (card: NewCard): string =>
  JSON.stringify([
    card.name?.full ?? joined(card.name ?? {}),
    Object.values(card.emails ?? {})
      .map(e => e.address.trim().toLowerCase())
      .sort(),
    Object.values(card.phones ?? {})
      .map(p => p.number.replace(/[^\d+]/g, ''))
      .sort(),
  ]);
