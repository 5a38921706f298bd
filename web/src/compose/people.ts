// Suggestions while an address is typed: who is in the contacts, then whom one wrote to and heard from lately.
import type { Book } from '../contacts/book';
import { fold, isGroup, membersOf, peopleOf, titleOf } from '../contacts/card';
import type { Client } from '../jmap/client';
import type { EmailAddress, GetAnswer, Id, ListEmail, QueryAnswer } from '../jmap/types';

interface Known {
  address: EmailAddress;
  times: number;
}

const known = new Map<string, Known>();
let asked = false;

/** A line to choose: a person, or a group with all of it. */
export interface Suggestion {
  name: string | null;
  /** Of one person; of a group how many it has stands in its place. */
  email: string;
  people: EmailAddress[];
}

let book: Book | null = null;

/** From now on who is in it is suggested first. */
export function suggestFrom(contacts: Book): void {
  book = contacts;
  void contacts.load().catch(() => {});
}

export function learn(addresses: readonly EmailAddress[], weight: number): void {
  for (const address of addresses) {
    const key = address.email.toLowerCase();
    const there = known.get(key);
    if (there) {
      there.times += weight;
      if (!there.address.name && address.name) there.address = address;
    } else known.set(key, { address, times: weight });
  }
}

export async function askPeople(client: Client, sent: Id | undefined): Promise<void> {
  if (asked) return;
  asked = true;
  const ask = (filter: object, limit: number) =>
    client.batch(b => {
      const query = b.call<QueryAnswer>('Email/query', { filter, sort: [{ property: 'receivedAt', isAscending: false }], limit });
      return b.call<GetAnswer<ListEmail>>('Email/get', { '#ids': query.ref('/ids'), properties: ['from', 'to', 'cc'] }).answer;
    });
  await Promise.all([
    sent
      ? ask({ inMailbox: sent }, 250).then(a => {
          for (const e of a.list) learn([...(e.to ?? []), ...((e as { cc?: EmailAddress[] }).cc ?? [])], 3);
        })
      : null,
    ask({}, 250).then(a => {
      for (const e of a.list) learn(e.from ?? [], 1);
    }),
  ]).catch(() => {
    asked = false;
  });
}

// How well a name and an address go with what was typed: 0 is not at all.
function closeness(wanted: string, name: string, email: string): number {
  const [n, e] = [fold(name), fold(email)];
  if (e.startsWith(wanted) || n.startsWith(wanted) || n.split(/\s+/).some(word => word.startsWith(wanted))) return 1000;
  return e.includes(wanted) ? 1 : 0;
}

const one = (address: EmailAddress): Suggestion => ({ name: address.name, email: address.email, people: [address] });

export function suggest(text: string, except: ReadonlySet<string>): Suggestion[] {
  const wanted = fold(text.trim());
  if (wanted === '') return [];
  const found: { suggestion: Suggestion; score: number }[] = [];
  const seen = new Set(except);
  const put = (suggestion: Suggestion, close: number, times: number) => {
    if (close > 0) found.push({ suggestion, score: close + times });
  };
  const cards = [...(book?.cards.value.values() ?? [])];
  for (const card of cards.filter(isGroup)) {
    const people = membersOf(card, cards).flatMap(member => peopleOf(member).slice(0, 1));
    const fresh = people.filter(p => !except.has(p.email.toLowerCase()));
    if (fresh.length > 0) put({ name: titleOf(card), email: '', people: fresh }, closeness(wanted, titleOf(card), '') * 3, 0);
  }
  for (const card of cards.filter(other => !isGroup(other)))
    for (const person of peopleOf(card)) {
      const key = person.email.toLowerCase();
      if (seen.has(key)) continue;
      seen.add(key);
      // Who is in the contacts comes before all others that go as well; among them, who is written to often.
      put(one(person), closeness(wanted, person.name ?? '', person.email) * 3, Math.min(known.get(key)?.times ?? 0, 900));
    }
  for (const [key, { address, times }] of known)
    if (!seen.has(key)) put(one(address), closeness(wanted, address.name ?? '', address.email), Math.min(times, 900));
  return found
    .sort((a, b) => b.score - a.score)
    .slice(0, 6)
    .map(x => x.suggestion);
}
