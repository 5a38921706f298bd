// What the page shows now: the place, its list, what is marked, what is open. One of it, made when somebody has signed in.
import { computed, effect, signal } from '@preact/signals';
import type { Client } from '../jmap/client';
import type { Filter, Id, ListEmail, Mailbox } from '../jmap/types';
import { Actions, type Targets } from '../mail/actions';
import { EmailList, type ListQuery } from '../mail/list';
import { MailStore } from '../mail/store';
import { mailboxName, pathOf } from '../mail/names';
import { filterOf, parse } from '../search/parser';
import { preferences } from './preferences';
import { go, route } from './route';
import type { Reading } from '../reader/reader';

export class View {
  readonly store: MailStore;
  readonly actions: Actions;
  /** The row that the keyboard is on. */
  readonly cursor = signal<Id | null>(null);
  readonly marked = signal<ReadonlySet<Id>>(new Set());
  /** The whole result is marked, also what was never in sight. */
  readonly allMarked = signal(false);
  readonly mailbox = computed<Mailbox | null>(() => {
    const { mailbox, search } = route.value;
    return search !== null ? null : ((mailbox ? this.store.mailboxes.value.get(mailbox) : this.store.byRole('inbox')) ?? null);
  });
  readonly list = signal<EmailList | null>(null);
  /** The frames and bodies of the reading pane, once it stands. */
  readonly reading = signal<Reading | null>(null);
  private from = '';

  constructor(readonly client: Client) {
    this.store = new MailStore(client);
    this.actions = new Actions(this.store);
  }

  /** Follows the route: a new list when the question is a new one. */
  start(): () => void {
    const ends = [
      effect(() => {
        const query = this.query.value;
        const key = JSON.stringify(query);
        if (query === null || key === this.from) return;
        this.from = key;
        this.list.peek()?.close();
        this.marked.value = new Set();
        this.allMarked.value = false;
        this.cursor.value = route.peek().email;
        const list = new EmailList(this.store, query);
        this.list.value = list;
        list.want(0, 50);
      }),
      effect(() => {
        this.store.mailChanges.value;
        void this.list.peek()?.refresh();
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  private readonly query = computed<ListQuery | null>(() => {
    const filter = this.filter();
    return filter && { filter, sort: [{ property: 'receivedAt', isAscending: false }], collapseThreads: preferences.conversations.value };
  });

  private filter(): Filter | null {
    const { search } = route.value;
    if (search === null) return this.mailbox.value ? { inMailbox: this.mailbox.value.id } : null;
    if (!this.store.ready.value) return null;
    const terms = parse(search);
    const asked = filterOf(terms, name => this.mailboxNamed(name));
    // Unless a place is named, what was thrown away and what is junk is left out.
    const out = (['trash', 'junk'] as const).map(role => this.store.byRole(role)?.id).filter((id): id is Id => id !== undefined);
    const elsewhere: Filter[] = out.length > 0 && !terms.some(term => term.operator === 'in') ? [{ inMailboxOtherThan: out }] : [];
    const conditions = [...(asked ? [asked] : []), ...elsewhere];
    return conditions.length === 1 ? conditions[0]! : { operator: 'AND', conditions };
  }

  mailboxNamed(name: string): Id | null {
    const wanted = name.toLowerCase();
    for (const mailbox of this.store.mailboxes.peek().values())
      if (
        [mailbox.role ?? '', mailbox.name, mailboxName(mailbox), pathOf(mailbox, this.store.mailboxes.peek())].some(
          n => n.toLowerCase() === wanted,
        )
      )
        return mailbox.id;
    return null;
  }

  /** The messages that a row stands for: its conversation, as far as it lies here. */
  members(id: Id): Id[] {
    const row = this.store.email(id).peek();
    if (!row || !preferences.conversations.peek()) return [id];
    const place = this.mailbox.peek()?.id;
    const trash = this.store.byRole('trash')?.id;
    const ids = this.store
      .thread(row.threadId)
      .peek()
      .filter(other => {
        const email = this.store.email(other).peek();
        return email !== null && (place ? place in email.mailboxIds : !(trash && trash in email.mailboxIds));
      });
    return ids.includes(id) ? ids : [...ids, id];
  }

  /** The rows an act is for: what is marked, else what is open, else where the keyboard is. */
  rows(): Id[] {
    if (this.marked.peek().size > 0) return [...this.marked.peek()];
    const one = route.peek().email ?? this.cursor.peek();
    return one ? [one] : [];
  }

  targets(): Targets | null {
    const list = this.list.peek();
    if (this.allMarked.peek() && list) return { query: list.query, count: list.total.peek() ?? 0 };
    const ids = this.rows().flatMap(id => this.members(id));
    return ids.length > 0 ? { ids: [...new Set(ids)] } : null;
  }

  /** Does something that takes rows out of this list: they go at once, and the one after them is next. */
  async takeOut(act: (targets: Targets) => Promise<void>): Promise<void> {
    const targets = this.targets();
    if (!targets) return;
    const rows = new Set(this.rows());
    const open = route.peek().email;
    if ('ids' in targets) {
      const next = this.neighbour(rows);
      this.list.peek()?.hide(rows);
      this.cursor.value = next;
      if (open && rows.has(open)) go({ email: isNarrow() ? null : next }, true);
    } else go({ email: null }, true);
    this.marked.value = new Set();
    this.allMarked.value = false;
    await act(targets);
  }

  private neighbour(gone: ReadonlySet<Id>): Id | null {
    const ids = this.list.peek()?.ids.peek() ?? [];
    const at = ids.findIndex(id => id !== undefined && gone.has(id));
    if (at < 0) return null;
    for (let i = at; i < Math.min(ids.length, at + 500); i++) {
      const id = ids[i];
      if (id && !gone.has(id)) return id;
    }
    for (let i = at - 1; i >= 0; i--) {
      const id = ids[i];
      if (id && !gone.has(id)) return id;
    }
    return null;
  }

  isUnread(row: ListEmail): boolean {
    const ids = preferences.conversations.value ? this.store.thread(row.threadId).value : [];
    const place = this.mailbox.value?.id;
    return (
      !row.keywords['$seen'] ||
      ids.some(id => {
        const email = this.store.email(id).value;
        return email !== null && !email.keywords['$seen'] && (!place || place in email.mailboxIds);
      })
    );
  }
}

export const isNarrow = (): boolean => matchMedia('(max-width: 760px)').matches;
