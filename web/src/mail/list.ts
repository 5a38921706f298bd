// A result of Email/query as a list of any length: windows are fetched as they come into sight, and moved, not refetched, when mail comes or goes.
import { signal } from '@preact/signals';
import type { Comparator, Filter, Id, QueryChangesAnswer } from '../jmap/types';
import { MethodError } from '../jmap/errors';
import { applyChanges, missing, place, without, type Sparse } from './sparse';
import type { MailStore } from './store';

export const pageSize = 50;

export interface ListQuery {
  filter: Filter;
  sort: Comparator[];
  collapseThreads: boolean;
}

export class EmailList {
  readonly ids = signal<Sparse>([]);
  /** Null until the first window has come. */
  readonly total = signal<number | null>(null);
  readonly error = signal<unknown>(null);
  /** Rows that came in before the ones shown: a list that is scrolled moves with them. */
  readonly moved = signal(0);
  private state: string | null = null;
  private exact = true;
  private readonly asked = new Set<number>();
  private seen: [number, number] = [0, pageSize];
  private closed = false;
  /** Taken out here before the server said so. */
  private readonly hidden = new Set<Id>();

  constructor(
    private readonly store: MailStore,
    readonly query: ListQuery,
  ) {}

  /** These rows are in sight, or nearly. */
  want(from: number, to: number): void {
    this.seen = [from, to];
    if (this.total.peek() === null) {
      void this.fetch(0);
      return;
    }
    for (const page of missing(this.ids.peek(), from, to, pageSize)) void this.fetch(page);
  }

  close(): void {
    this.closed = true;
  }

  /** Takes rows out at once; the server's word follows. */
  hide(ids: ReadonlySet<Id>): void {
    const before = this.ids.peek();
    const after = without(before, ids);
    if (after.length === before.length) return;
    for (const id of ids) this.hidden.add(id);
    this.ids.value = after;
    this.total.value = after.length;
  }

  indexOf(id: Id): number {
    return this.ids.peek().indexOf(id);
  }

  private async fetch(page: number): Promise<void> {
    if (this.asked.has(page) || this.closed) return;
    this.asked.add(page);
    try {
      const answer = await this.store.window({ ...this.query, position: page * pageSize, limit: pageSize, calculateTotal: true });
      if (this.closed) return;
      this.exact = answer.canCalculateChanges;
      // Rows of another state would stand in wrong places: all that is in sight is asked for anew.
      if (this.state !== null && this.state !== answer.queryState) this.ids.value = [];
      this.state = answer.queryState;
      const total =
        answer.total ?? Math.max(this.ids.peek().length, answer.position + answer.ids.length + (answer.ids.length === pageSize ? 1 : 0));
      this.ids.value = place(this.ids.peek(), answer.position, answer.ids, total);
      this.total.value = total;
      this.error.value = null;
    } catch (error) {
      if (!this.closed) this.error.value = error;
      return;
    } finally {
      this.asked.delete(page);
    }
    this.want(...this.seen);
  }

  /** Mail changed: what of this result did. */
  async refresh(): Promise<void> {
    if (this.closed || this.total.peek() === null) {
      if (this.error.peek()) void this.fetch(0);
      return;
    }
    if (this.exact && this.state !== null) {
      try {
        const changes = await this.store.client.call<QueryChangesAnswer>('Email/queryChanges', {
          ...this.query,
          sinceQueryState: this.state,
          calculateTotal: true,
        });
        if (this.closed) return;
        if (changes.removed.length + changes.added.length === 0 && changes.total === this.total.peek()) {
          this.state = changes.newQueryState;
          return;
        }
        const after = applyChanges(this.ids.peek(), { ...changes, removed: changes.removed.filter(id => !this.hidden.delete(id)) });
        if (after) {
          await this.fill(changes.added.map(a => a.id));
          const gone = new Set(changes.removed);
          const first = changes.added.filter(a => a.index <= this.seen[0] && !gone.has(a.id)).length;
          this.state = changes.newQueryState;
          this.ids.value = after;
          this.total.value = after.length;
          if (first > 0 && this.seen[0] > 0) this.moved.value += first;
          this.want(...this.seen);
          return;
        }
      } catch (error) {
        if (!(error instanceof MethodError)) return;
      }
    }
    await this.reload();
  }

  // The rows in sight, in one go, so that nothing flickers.
  private async reload(): Promise<void> {
    const from = Math.floor(this.seen[0] / pageSize) * pageSize;
    const limit = Math.min(Math.max(pageSize, Math.ceil((this.seen[1] - from) / pageSize) * pageSize), 200);
    try {
      const answer = await this.store.window({ ...this.query, position: from, limit, calculateTotal: true });
      if (this.closed) return;
      this.hidden.clear();
      this.state = answer.queryState;
      const total = answer.total ?? answer.position + answer.ids.length;
      this.ids.value = place([], answer.position, answer.ids, total);
      this.total.value = total;
      this.error.value = null;
    } catch (error) {
      if (!this.closed && this.total.peek() === null) this.error.value = error;
    }
  }

  private async fill(ids: Id[]): Promise<void> {
    const unknown = ids.filter(id => !this.store.email(id).peek());
    if (unknown.length === 0) return;
    const rows = await this.store.rows(unknown.slice(0, 200));
    await Promise.all(
      rows
        .slice(0, 20)
        .filter(r => this.store.thread(r.threadId).peek().length === 0)
        .map(r => this.store.conversation(r.threadId).catch(() => [])),
    );
  }
}
