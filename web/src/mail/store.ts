// What is known of the account: mailboxes, rows of mail, conversations; kept up to date by */changes.
import { batch, signal, type Signal } from '@preact/signals';
import type { Client } from '../jmap/client';
import { MethodError, OfflineError, RequestError } from '../jmap/errors';
import { chunks } from '../jmap/limits';
import type { ChangesAnswer, GetAnswer, Id, ListEmail, Mailbox, QueryAnswer, Quota, Role } from '../jmap/types';
import type { States } from '../jmap/push';

export const rowProperties = [
  'id',
  'threadId',
  'mailboxIds',
  'keywords',
  'receivedAt',
  'from',
  'to',
  'subject',
  'preview',
  'hasAttachment',
  'size',
];
const mostCached = 6000;

export interface Thread {
  id: Id;
  emailIds: Id[];
}

export class MailStore {
  readonly mailboxes = signal<ReadonlyMap<Id, Mailbox>>(new Map());
  readonly ready = signal(false);
  readonly quota = signal<{ used: number; limit: number } | null>(null);
  /** Grows with every change of mail; lists look at their result then. */
  readonly mailChanges = signal(0);
  /** Of the address book, as the server said it last: whoever has it open asks what has changed. */
  readonly contactState = signal<string | undefined>(undefined);
  /** What was new when the server was last asked. */
  readonly arrived = signal<readonly Id[]>([]);
  private readonly emails = new Map<Id, Signal<ListEmail | null>>();
  private readonly threads = new Map<Id, Signal<Id[]>>();
  private states: States = {};
  private syncing: Promise<void> | null = null;
  private again = false;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly client: Client) {}

  byRole(role: Role): Mailbox | undefined {
    for (const mailbox of this.mailboxes.value.values()) if (mailbox.role === role) return mailbox;
    return undefined;
  }

  /** The row of this id, null while it is not known or no longer there. */
  email(id: Id): Signal<ListEmail | null> {
    let found = this.emails.get(id);
    if (!found) this.emails.set(id, (found = signal<ListEmail | null>(null)));
    return found;
  }

  /** The emails of a conversation, oldest first; empty while not known. */
  thread(id: Id): Signal<Id[]> {
    let found = this.threads.get(id);
    if (!found) this.threads.set(id, (found = signal<Id[]>([])));
    return found;
  }

  put(list: readonly ListEmail[]): void {
    batch(() => {
      for (const email of list) this.email(email.id).value = { ...this.email(email.id).peek(), ...email };
    });
  }

  /** Changes rows at once, before the server has answered. */
  patch(id: Id, change: (email: ListEmail) => ListEmail): void {
    const row = this.email(id);
    const email = row.peek();
    if (email) row.value = change(email);
  }

  async open(): Promise<void> {
    const answer = await this.client.call<GetAnswer<Mailbox>>('Mailbox/get', { ids: null });
    this.states.Mailbox = answer.state;
    this.mailboxes.value = new Map(answer.list.map(m => [m.id, m]));
    this.ready.value = true;
  }

  /** One window of a result with its rows and their conversations, in one request. */
  async window(query: Record<string, unknown>): Promise<QueryAnswer> {
    const [ids, rows, threads, members] = await this.client.batch(b => {
      const query1 = b.call<QueryAnswer>('Email/query', query);
      const get = b.call<GetAnswer<ListEmail>>('Email/get', { '#ids': query1.ref('/ids'), properties: rowProperties });
      const thread = b.call<GetAnswer<Thread>>('Thread/get', { '#ids': get.ref('/list/*/threadId') });
      const member = b.call<GetAnswer<ListEmail>>('Email/get', { '#ids': thread.ref('/list/*/emailIds'), properties: rowProperties });
      // A conversation of hundreds may be more than one get may ask for: the rows are shown without it.
      return Promise.all([query1.answer, get.answer, thread.answer.catch(() => null), member.answer.catch(() => null)]);
    });
    batch(() => {
      this.states.Email ??= rows.state;
      if (members) this.put(members.list);
      this.put(rows.list);
      if (threads) for (const one of threads.list) this.thread(one.id).value = one.emailIds;
    });
    this.trim();
    return ids;
  }

  async rows(ids: readonly Id[]): Promise<ListEmail[]> {
    const answers = await Promise.all(
      [...chunks(ids, this.client.limits.maxObjectsInGet)].map(some =>
        this.client.call<GetAnswer<ListEmail>>('Email/get', { ids: some, properties: rowProperties }),
      ),
    );
    const list = answers.flatMap(a => a.list);
    this.put(list);
    return list;
  }

  /** A conversation with the rows of all its members. */
  async conversation(threadId: Id): Promise<ListEmail[]> {
    const [threads, members] = await this.client.batch(b => {
      const thread = b.call<GetAnswer<Thread>>('Thread/get', { ids: [threadId] });
      const member = b.call<GetAnswer<ListEmail>>('Email/get', { '#ids': thread.ref('/list/*/emailIds'), properties: rowProperties });
      return Promise.all([thread.answer, member.answer]);
    });
    this.put(members.list);
    this.thread(threadId).value = threads.list[0]?.emailIds ?? [];
    return members.list;
  }

  async askQuota(): Promise<void> {
    if (!this.client.has('urn:ietf:params:jmap:quota')) return;
    const answer = await this.client.call<GetAnswer<Quota>>('Quota/get', { ids: null });
    const octets = answer.list.find(q => q.resourceType === 'octets' && q.hardLimit > 0);
    this.quota.value = octets ? { used: octets.used, limit: octets.hardLimit } : null;
  }

  /** Hears from the server that something changed. */
  heard(states: States): void {
    if (states.ContactCard !== undefined) this.contactState.value = states.ContactCard;
    const news =
      (states.Email !== undefined && states.Email !== this.states.Email) ||
      (states.Mailbox !== undefined && states.Mailbox !== this.states.Mailbox);
    if (news) void this.sync();
  }

  /** Brings rows, conversations and counts up to date. One run at a time; who comes meanwhile gets one more. */
  sync(): Promise<void> {
    if (this.syncing) {
      this.again = true;
      return this.syncing;
    }
    this.syncing = (async () => {
      let trouble: unknown;
      do {
        this.again = false;
        const both = await Promise.allSettled([this.syncMailboxes(), this.syncEmails()]);
        trouble = both.find(one => one.status === 'rejected')?.reason;
      } while (this.again);
      this.askAgain(trouble);
    })().finally(() => {
      this.syncing = null;
    });
    return this.syncing;
  }

  // What could not be asked for is asked for later: the server speaks of each change only once.
  private askAgain(trouble: unknown): void {
    clearTimeout(this.timer);
    const passes = trouble instanceof OfflineError || (trouble instanceof RequestError && trouble.isPassing);
    if (passes)
      this.timer = setTimeout(
        () => {
          void this.sync();
        },
        Math.min(30_000, 1000 * 2 ** this.failures),
      );
    this.failures = passes ? this.failures + 1 : 0;
  }

  private async syncMailboxes(): Promise<void> {
    if (!this.states.Mailbox) return this.open();
    try {
      const [changes, updated] = await this.client.batch(b => {
        const change = b.call<ChangesAnswer>('Mailbox/changes', { sinceState: this.states.Mailbox });
        const created = b.call<GetAnswer<Mailbox>>('Mailbox/get', { '#ids': change.ref('/created') });
        const get = b.call<GetAnswer<Mailbox>>('Mailbox/get', { '#ids': change.ref('/updated') });
        return Promise.all([change.answer, Promise.all([created.answer, get.answer])]);
      });
      const map = new Map(this.mailboxes.peek());
      for (const id of changes.destroyed) map.delete(id);
      for (const answer of updated) for (const mailbox of answer.list) map.set(mailbox.id, mailbox);
      this.mailboxes.value = map;
      this.states.Mailbox = changes.newState;
      if (changes.hasMoreChanges) await this.syncMailboxes();
    } catch (error) {
      if (!(error instanceof MethodError)) throw error;
      await this.open();
    }
  }

  private async syncEmails(): Promise<void> {
    if (!this.states.Email) return;
    try {
      const changes = await this.client.call<ChangesAnswer>('Email/changes', { sinceState: this.states.Email, maxChanges: 500 });
      const known = [...changes.updated, ...changes.created].filter(id => this.emails.get(id)?.peek());
      if (known.length > 0) await this.rows(known);
      await this.growThreads(changes.created);
      for (const id of changes.destroyed) if (this.emails.has(id)) this.email(id).value = null;
      this.states.Email = changes.newState;
      if (changes.hasMoreChanges) return await this.syncEmails();
    } catch (error) {
      if (!(error instanceof MethodError)) throw error;
      await this.refetch();
    }
    this.mailChanges.value++;
  }

  // A letter that just came may belong to a conversation that is shown.
  private async growThreads(created: readonly Id[]): Promise<void> {
    const few = created.slice(0, 50);
    if (few.length === 0) return;
    const rows = await this.rows(few);
    this.arrived.value = few;
    for (const email of rows) {
      const ids = this.threads.get(email.threadId);
      if (ids && !ids.peek().includes(email.id)) ids.value = [...ids.peek(), email.id];
    }
  }

  // cannotCalculateChanges: what is on the screen is asked for anew, the rest forgotten.
  private async refetch(): Promise<void> {
    const answer = await this.client.call<GetAnswer<ListEmail>>('Email/get', { ids: [], properties: ['id'] });
    this.states.Email = answer.state;
    const ids = [...this.emails]
      .filter(([, row]) => row.peek())
      .map(([id]) => id)
      .slice(-300);
    if (ids.length === 0) return;
    const there = new Set((await this.rows(ids)).map(e => e.id));
    for (const id of ids) if (!there.has(id)) this.email(id).value = null;
  }

  private trim(): void {
    if (this.emails.size <= mostCached) return;
    const old = [...this.emails.keys()].slice(0, this.emails.size - mostCached);
    for (const id of old) this.emails.delete(id);
  }
}
