// What people do with mail. Rows change at once; the server is told in steps that it takes; what it does not take goes back and is said.
import { batch } from '@preact/signals';
import { OfflineError, RequestError } from '../jmap/errors';
import { chunks } from '../jmap/limits';
import type { GetAnswer, Id, ListEmail, Mailbox, QueryAnswer, Role, SetAnswer } from '../jmap/types';
import { t } from '../i18n';
import { mailboxName } from './names';
import { applyPatch, effect, inverse, keyword, moving, type Patch, type Placed } from './patch';
import type { ListQuery } from './list';
import type { MailStore } from './store';
import { begun, change, did, dismiss, notify } from './undo';

/** What an act is done to: rows, or all of a result. */
export type Targets = { ids: readonly Id[] } | { query: ListQuery; count: number };

type PatchOf = (email: Placed) => Patch;

export class Actions {
  constructor(private readonly store: MailStore) {}

  async setKeyword(targets: Targets, name: string, on: boolean, quietly = false): Promise<void> {
    const label = (n: number) =>
      name === '$seen' ? t(on ? 'did.read' : 'did.unread', { n }) : t(on ? 'did.starred' : 'did.unstarred', { n });
    await this.act(targets, () => keyword(name, on), quietly ? null : label);
  }

  async move(targets: Targets, from: Id | null, to: Mailbox): Promise<void> {
    await this.act(
      targets,
      email => moving(email, from, to.id),
      n => t('did.moved', { n, folder: mailboxName(to) }),
    );
  }

  async archive(targets: Targets, from: Id | null): Promise<void> {
    const archive = await this.ensure('archive');
    if (archive)
      await this.act(
        targets,
        email => moving(email, from, archive.id),
        n => t('did.archived', { n }),
      );
  }

  async trash(targets: Targets): Promise<void> {
    const trash = await this.ensure('trash');
    if (trash)
      await this.act(
        targets,
        email => moving(email, null, trash.id),
        n => t('did.deleted', { n }),
      );
  }

  /** RFC 8621 §4.1.1: $junk and $notjunk teach the filter; the mailbox says the same. */
  async junk(targets: Targets, isJunk: boolean): Promise<void> {
    const to = await this.ensure(isJunk ? 'junk' : 'inbox');
    if (!to) return;
    const words: Patch = isJunk
      ? { ...keyword('$junk', true), ...keyword('$notjunk', false) }
      : { ...keyword('$junk', false), ...keyword('$notjunk', true) };
    await this.act(
      targets,
      email => ({ ...moving(email, null, to.id), ...words }),
      n => t(isJunk ? 'did.junk' : 'did.notJunk', { n }),
    );
  }

  /** Out of the trash for good, after a while in which it can be taken back. A tab that is closed meanwhile destroys nothing. */
  async destroy(targets: Targets, hide: () => void): Promise<void> {
    const ids = await this.idsOf(targets);
    hide();
    let done: Promise<void> | null = null;
    const timer = setTimeout(() => {
      done = this.destroyNow(ids);
    }, 10_000);
    did(
      {
        label: t('did.destroyed', { n: ids.length }),
        undo: async () => {
          clearTimeout(timer);
          if (done) await done.then(() => this.bringBack(ids));
          else this.store.mailChanges.value++;
        },
      },
      t('undo'),
    );
  }

  private async destroyNow(ids: readonly Id[]): Promise<void> {
    try {
      for (const some of chunks(ids, this.store.client.limits.maxObjectsInSet))
        await this.store.client.call('Email/set', { destroy: some });
    } catch (error) {
      notify({ kind: 'trouble', text: troubleText(error) });
    }
    await this.store.sync();
  }

  /** What was deleted for good goes back to where it was. */
  async restore(ids: readonly Id[]): Promise<void> {
    const back = await begun(this.bringBack(ids));
    if (back.length > 0) did({ label: t('did.restored', { n: back.length }), undo: () => this.destroyNow(back) }, t('undo'));
  }

  private async bringBack(ids: readonly Id[]): Promise<Id[]> {
    const back: Id[] = [];
    try {
      for (const some of chunks([...ids], this.store.client.limits.maxObjectsInSet)) {
        const answer = await this.store.client.call<{ restored: Record<Id, unknown> }>('ExpungedEmail/restore', { ids: some });
        back.push(...Object.keys(answer.restored));
      }
      if (back.length < ids.length) notify({ kind: 'trouble', text: t('trouble.notDone', { n: ids.length - back.length }) });
    } catch (error) {
      notify({ kind: 'trouble', text: troubleText(error) });
    }
    await this.store.sync();
    return back;
  }

  // Does it, and keeps the way back.
  private async act(targets: Targets, patchOf: PatchOf, label: ((n: number) => string) | null): Promise<void> {
    await begun(this.doing(targets, patchOf, label));
    await this.store.sync();
  }

  private async doing(targets: Targets, patchOf: PatchOf, label: ((n: number) => string) | null): Promise<void> {
    const back = new Map<string, Id[]>();
    const done = 'ids' in targets ? await this.few(targets.ids, patchOf, back) : await this.many(targets, patchOf, back);
    if (done > 0 && label) did({ label: label(done), undo: () => this.undo(back) }, t('undo'));
  }

  private async few(ids: readonly Id[], patchOf: PatchOf, back: Map<string, Id[]>): Promise<number> {
    const rows = ids.map(id => this.store.email(id).peek()).filter((e): e is ListEmail => e !== null);
    if (rows.length < ids.length) {
      const there = new Set(rows.map(r => r.id));
      rows.push(...(await this.store.rows(ids.filter(id => !there.has(id)))));
    }
    const patches = new Map<Id, Patch>();
    batch(() => {
      for (const row of rows) {
        const patch = effect(row, patchOf(row));
        if (Object.keys(patch).length === 0) continue;
        patches.set(row.id, patch);
        this.store.patch(row.id, email => applyPatch(email, patch));
      }
    });
    return await this.send(patches, back);
  }

  // All of a result: its ids first, since it shrinks while it is worked on; then in steps, each knowing what it changes.
  private async many(targets: { query: ListQuery; count: number }, patchOf: PatchOf, back: Map<string, Id[]>): Promise<number> {
    const notice = notify({ kind: 'busy', text: t('bulk.collecting', { n: targets.count }), share: 0 });
    let done = 0;
    try {
      const ids = await this.idsOf(targets);
      done = await this.steps(ids, patchOf, back, notice);
    } catch (error) {
      notify({ kind: 'trouble', text: troubleText(error) });
    } finally {
      dismiss(notice);
    }
    return done;
  }

  private async steps(ids: Id[], patchOf: PatchOf, back: Map<string, Id[]>, notice: number): Promise<number> {
    let done = 0,
      at = 0;
    const step = Math.min(this.store.client.limits.maxObjectsInGet, this.store.client.limits.maxObjectsInSet);
    for (const some of chunks(ids, step)) {
      const placed = await this.store.client.call<GetAnswer<Placed>>('Email/get', { ids: some, properties: ['mailboxIds', 'keywords'] });
      const patches = new Map<Id, Patch>();
      for (const email of placed.list) {
        const patch = effect(email, patchOf(email));
        if (Object.keys(patch).length > 0) patches.set(email.id, patch);
      }
      done += await this.send(patches, back);
      at += some.length;
      change(notice, { text: t('bulk.working', { n: at, of: ids.length }), share: at / ids.length });
    }
    return done;
  }

  // How many were done; the others go back to what they were.
  private async send(patches: ReadonlyMap<Id, Patch>, back: Map<string, Id[]>): Promise<number> {
    let done = 0;
    const waiting = new Map(patches);
    try {
      for (const some of chunks([...patches], this.store.client.limits.maxObjectsInSet)) {
        const answer = await this.store.client.call<SetAnswer<ListEmail>>('Email/set', { update: Object.fromEntries(some) });
        for (const [id, patch] of some) {
          const error = answer.notUpdated?.[id];
          if (error && error.type !== 'notFound') continue;
          waiting.delete(id);
          if (error) continue;
          done++;
          keep(back, inverse(patch), id);
        }
      }
      if (waiting.size > 0) notify({ kind: 'trouble', text: t('trouble.notDone', { n: waiting.size }), stays: 0 });
    } catch (error) {
      notify({ kind: 'trouble', text: troubleText(error), stays: 0 });
    }
    batch(() => this.revert(waiting));
    return done;
  }

  private revert(patches: ReadonlyMap<Id, Patch>): void {
    for (const [id, patch] of patches) this.store.patch(id, email => applyPatch(email, inverse(patch)));
  }

  private async undo(back: ReadonlyMap<string, Id[]>): Promise<void> {
    const patches = new Map<Id, Patch>();
    for (const [patch, ids] of back) for (const id of ids) patches.set(id, JSON.parse(patch) as Patch);
    batch(() => {
      for (const [id, patch] of patches) this.store.patch(id, email => applyPatch(email, patch));
    });
    await this.send(patches, new Map());
    await this.store.sync();
    this.store.mailChanges.value++;
  }

  async idsOf(targets: Targets): Promise<Id[]> {
    if ('ids' in targets) return [...targets.ids];
    const ids = new Set<Id>();
    for (;;) {
      const answer = await this.store.client.call<QueryAnswer>('Email/query', {
        ...targets.query,
        collapseThreads: false,
        position: ids.size,
        limit: 5000,
        calculateTotal: true,
      });
      const before = ids.size;
      for (const id of answer.ids) ids.add(id);
      if (answer.ids.length === 0 || ids.size === before || ids.size >= (answer.total ?? Infinity)) return [...ids];
    }
  }

  /** The mailbox of a role; made, and subscribed to, when there is none. Nothing is deleted for want of a trash. */
  async ensure(role: Role): Promise<Mailbox | null> {
    const there = this.store.byRole(role);
    if (there) return there;
    const name =
      { archive: 'Archive', trash: 'Trash', junk: 'Junk', drafts: 'Drafts', sent: 'Sent', inbox: 'Inbox' }[role as string] ?? role;
    for (const create of [
      { name, role, isSubscribed: true, parentId: null },
      { name, isSubscribed: true, parentId: null },
    ]) {
      const answer = await this.store.client.call<SetAnswer<Mailbox>>('Mailbox/set', { create: { m: create } }).catch(() => null);
      const id = answer?.created?.['m']?.id;
      if (!id) continue;
      await this.store.sync();
      return this.store.mailboxes.peek().get(id) ?? null;
    }
    notify({ kind: 'trouble', text: t('trouble.noFolder', { folder: name }), stays: 0 });
    return null;
  }
}

function keep(back: Map<string, Id[]>, patch: Patch, id: Id): void {
  const key = JSON.stringify(patch);
  const ids = back.get(key);
  if (ids) ids.push(id);
  else back.set(key, [id]);
}

/** What went wrong, for a person. */
export function troubleText(error: unknown): string {
  if (error instanceof OfflineError) return t('trouble.offline');
  if (error instanceof RequestError && error.isPassing) return t('trouble.busy');
  return t('trouble.failed', { why: error instanceof Error ? error.message : String(error) });
}
