// The address book as this page knows it: a line of each card, kept up to date. One for each person who is signed in.
import { effect, signal, type Signal } from '@preact/signals';
import type { View } from '../app/mailbox-view';
import type { Client } from '../jmap/client';
import { MethodError, RecordError } from '../jmap/errors';
import { chunks } from '../jmap/limits';
import type { ChangesAnswer, GetAnswer, Id, QueryAnswer, SetAnswer } from '../jmap/types';
import type { Card, NewCard } from './card';

export const contactsCapability = 'urn:ietf:params:jmap:contacts';
const rowProperties = ['uid', 'kind', 'name', 'nicknames', 'organizations', 'emails', 'phones', 'members', 'media'];
// Far below what a request may be: what is lost when the line breaks is small.
const mostOctets = 2_000_000;

export type Patch = Record<string, unknown>;

export class Book {
  readonly cards = signal<ReadonlyMap<Id, Card>>(new Map());
  /** All of them are there. */
  readonly ready = signal(false);
  readonly trouble = signal<unknown>(null);
  private state: string | null = null;
  private loading: Promise<void> | null = null;
  private syncing: Promise<void> | null = null;
  private again = false;
  private home: Id | null = null;

  constructor(
    private readonly client: Client,
    heard?: Signal<string | undefined>,
  ) {
    if (heard)
      effect(() => {
        const state = heard.value;
        if (state !== undefined && this.state !== null && state !== this.state) void this.sync().catch(() => {});
      });
  }

  /** Reads all cards, once; what could not be read is asked for again by the next who wants them. */
  load(): Promise<void> {
    this.loading ??= this.read().catch((error: unknown) => {
      this.loading = null;
      this.trouble.value = error;
      throw error;
    });
    return this.loading;
  }

  byUid(uid: string): Card | undefined {
    for (const card of this.cards.value.values()) if (card.uid === uid) return card;
    return undefined;
  }

  /** Of somebody's address, if it is in a card. */
  byAddress(email: string): Card | undefined {
    const wanted = email.toLowerCase();
    for (const card of this.cards.value.values())
      if (Object.values(card.emails ?? {}).some(e => e.address.trim().toLowerCase() === wanted)) return card;
    return undefined;
  }

  /** A card with everything in it. */
  async whole(id: Id): Promise<Card> {
    const answer = await this.client.call<GetAnswer<Card>>('ContactCard/get', { ids: [id] });
    const card = answer.list[0];
    if (!card) throw new RecordError({ type: 'notFound' });
    return card;
  }

  async all(): Promise<Card[]> {
    const answers: Card[] = [];
    for (const ids of chunks([...this.cards.peek().keys()], Math.min(100, this.client.limits.maxObjectsInGet)))
      answers.push(...(await this.client.call<GetAnswer<Card>>('ContactCard/get', { ids })).list);
    return answers;
  }

  /** Makes cards; what was refused is named by its place in the list. */
  async create(cards: readonly NewCard[], progress?: (share: number) => void): Promise<{ made: Id[]; refused: Map<number, RecordError> }> {
    const made: Id[] = [],
      refused = new Map<number, RecordError>();
    const home = await this.homeId();
    for (const part of inParts(cards, this.client.limits.maxObjectsInSet)) {
      const create = Object.fromEntries(
        part.map(([i, card]) => [`k${i}`, { '@type': 'Card', version: '1.0', ...card, addressBookIds: { [home]: true } }]),
      );
      const answer = await this.client.call<SetAnswer<{ id: Id }>>('ContactCard/set', { create });
      for (const one of Object.values(answer.created ?? {})) made.push(one.id);
      for (const [key, error] of Object.entries(answer.notCreated ?? {})) refused.set(Number(key.slice(1)), new RecordError(error));
      progress?.(((part.at(-1)?.[0] ?? 0) + 1) / cards.length);
    }
    await this.sync();
    return { made, refused };
  }

  async createOne(card: NewCard): Promise<Id> {
    const { made, refused } = await this.create([card]);
    if (made[0] === undefined) throw refused.get(0) ?? new RecordError({ type: 'serverFail' });
    return made[0];
  }

  async update(patches: Record<Id, Patch>): Promise<void> {
    const answer = await this.client.call<SetAnswer<unknown>>('ContactCard/set', { update: patches });
    const error = Object.values(answer.notUpdated ?? {})[0];
    await this.sync();
    if (error) throw new RecordError(error);
  }

  async destroy(ids: readonly Id[]): Promise<void> {
    for (const some of chunks(ids, this.client.limits.maxObjectsInSet)) {
      const answer = await this.client.call<SetAnswer<unknown>>('ContactCard/set', { destroy: some });
      const error = Object.values(answer.notDestroyed ?? {}).find(e => e.type !== 'notFound');
      if (error) throw new RecordError(error);
    }
    await this.sync();
  }

  /** Brings the lines up to date. One run at a time; who comes meanwhile gets one more. */
  sync(): Promise<void> {
    if (this.state === null) return this.load();
    if (this.syncing) {
      this.again = true;
      return this.syncing;
    }
    this.syncing = (async () => {
      do {
        this.again = false;
        await this.follow();
      } while (this.again);
    })().finally(() => {
      this.syncing = null;
    });
    return this.syncing;
  }

  private async homeId(): Promise<Id> {
    if (this.home === null) {
      const books = await this.client.call<GetAnswer<{ id: Id; isDefault: boolean }>>('AddressBook/get', { ids: null });
      this.home = (books.list.find(b => b.isDefault) ?? books.list[0])?.id ?? null;
    }
    if (this.home === null) throw new RecordError({ type: 'notFound' });
    return this.home;
  }

  private async read(): Promise<void> {
    this.trouble.value = null;
    const cards = new Map<Id, Card>();
    const limit = this.client.limits.maxObjectsInGet;
    let state: string | null = null;
    for (let position = 0; ; position += limit) {
      const [query, rows] = await this.client.batch(b => {
        const found = b.call<QueryAnswer>('ContactCard/query', { position, limit });
        const get = b.call<GetAnswer<Card>>('ContactCard/get', { '#ids': found.ref('/ids'), properties: rowProperties });
        return Promise.all([found.answer, get.answer]);
      });
      // What changes while they are read is among the changes since the first state.
      state ??= rows.state;
      for (const card of rows.list) cards.set(card.id, card);
      this.cards.value = new Map(cards);
      if (query.ids.length < limit) break;
    }
    this.state = state;
    this.ready.value = true;
    await this.follow();
  }

  private async follow(): Promise<void> {
    try {
      const changes = await this.client.call<ChangesAnswer>('ContactCard/changes', { sinceState: this.state, maxChanges: 2000 });
      const fresh: Card[] = [];
      for (const ids of chunks([...changes.created, ...changes.updated], this.client.limits.maxObjectsInGet))
        fresh.push(...(await this.client.call<GetAnswer<Card>>('ContactCard/get', { ids, properties: rowProperties })).list);
      const map = new Map(this.cards.peek());
      for (const id of changes.destroyed) map.delete(id);
      for (const card of fresh) map.set(card.id, card);
      if (fresh.length + changes.destroyed.length > 0) this.cards.value = map;
      this.state = changes.newState;
      if (changes.hasMoreChanges) await this.follow();
    } catch (error) {
      if (!(error instanceof MethodError) || this.state === null) throw error;
      this.state = null;
      await this.read();
    }
  }
}

/** Parts that one request can carry, each card with its place in the list. */
function* inParts(cards: readonly NewCard[], most: number): Generator<[number, NewCard][]> {
  let part: [number, NewCard][] = [],
    octets = 0;
  for (const [i, card] of cards.entries()) {
    const size = JSON.stringify(card).length;
    if (part.length > 0 && (part.length >= most || octets + size > mostOctets)) {
      yield part;
      [part, octets] = [[], 0];
    }
    part.push([i, card]);
    octets += size;
  }
  if (part.length > 0) yield part;
}

const books = new WeakMap<View, Book>();

export function bookOf(view: View): Book {
  let book = books.get(view);
  if (!book) books.set(view, (book = new Book(view.client, view.store.contactState)));
  return book;
}
