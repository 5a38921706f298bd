// Folders made, renamed, moved, shown and removed. What lies in one that is removed goes to the trash, and comes back with it.
import { t } from '../i18n';
import { s } from '../i18n/settings';
import type { View } from '../app/mailbox-view';
import { RecordError } from '../jmap/errors';
import { chunks } from '../jmap/limits';
import type { GetAnswer, Id, Mailbox, SetAnswer, SetError } from '../jmap/types';
import { FieldError } from './work';

export interface FolderForm {
  name: string;
  parentId: Id | null;
}

function wrong(error: SetError): Error {
  const property = error.properties?.[0];
  if (property === 'name') return new FieldError('name', s(/another/.test(error.description ?? '') ? 'folder.taken' : 'folder.badName'));
  if (property === 'parentId') return new FieldError('parentId', s('folder.badPlace'));
  if (error.type === 'mailboxHasChild') return new FieldError('', s('folder.hasChild'));
  return new RecordError(error);
}

/** Makes a folder, or gives one another name or place. */
export async function saveFolder(view: View, mailbox: Mailbox | null, form: FolderForm): Promise<Id> {
  const name = form.name.trim();
  if (name === '') throw new FieldError('name', s('missing'));
  const changed = {
    ...(name === mailbox?.name ? {} : { name }),
    ...(form.parentId === mailbox?.parentId ? {} : { parentId: form.parentId }),
  };
  if (mailbox && Object.keys(changed).length === 0) return mailbox.id;
  const answer = await view.client.call<SetAnswer<Mailbox>>(
    'Mailbox/set',
    mailbox ? { update: { [mailbox.id]: changed } } : { create: { m: { name, parentId: form.parentId, isSubscribed: true } } },
  );
  const error = mailbox ? answer.notUpdated?.[mailbox.id] : answer.notCreated?.['m'];
  if (error) throw wrong(error);
  await view.store.sync();
  return mailbox?.id ?? answer.created!['m']!.id;
}

export async function subscribe(view: View, mailbox: Mailbox, isSubscribed: boolean): Promise<void> {
  const answer = await view.client.call<SetAnswer<Mailbox>>('Mailbox/set', { update: { [mailbox.id]: { isSubscribed } } });
  const error = answer.notUpdated?.[mailbox.id];
  if (error) throw wrong(error);
  await view.store.sync();
}

/** Removes a folder; gives back how it comes back. */
export async function removeFolder(view: View, mailbox: Mailbox): Promise<() => Promise<void>> {
  const { client, store } = view;
  if ([...store.mailboxes.peek().values()].some(m => m.parentId === mailbox.id)) throw new FieldError('', s('folder.hasChild'));
  const query = { filter: { inMailbox: mailbox.id }, sort: [], collapseThreads: false };
  const ids = await view.actions.idsOf({ query, count: mailbox.totalEmails });
  const trash = ids.length > 0 ? await view.actions.ensure('trash') : null;
  // Nothing is destroyed for want of a trash.
  if (ids.length > 0 && !trash) throw new FieldError('', t('trouble.noFolder', { folder: t('folder.trash') }));
  const trashed: Id[] = [];
  for (const some of chunks(ids, Math.min(client.limits.maxObjectsInGet, client.limits.maxObjectsInSet))) {
    const { list } = await client.call<GetAnswer<{ id: Id; mailboxIds: Record<Id, true> }>>('Email/get', {
      ids: some,
      properties: ['mailboxIds'],
    });
    const update: Record<Id, Record<string, true | null>> = {};
    for (const { id, mailboxIds } of list) {
      // What lies in another folder too stays there.
      const alone = Object.keys(mailboxIds).length === 1;
      update[id] = { [`mailboxIds/${mailbox.id}`]: null, ...(alone ? { [`mailboxIds/${trash!.id}`]: true as const } : {}) };
      if (alone) trashed.push(id);
    }
    const answer = await client.call<SetAnswer<unknown>>('Email/set', { update });
    const error = Object.values(answer.notUpdated ?? {})[0];
    if (error) throw new RecordError(error);
  }
  const answer = await client.call<SetAnswer<Mailbox>>('Mailbox/set', { destroy: [mailbox.id] });
  const error = answer.notDestroyed?.[mailbox.id];
  await store.sync();
  if (error) throw wrong(error);
  return async () => {
    const parentId = mailbox.parentId !== null && store.mailboxes.peek().has(mailbox.parentId) ? mailbox.parentId : null;
    const again = await saveFolder(view, null, { name: mailbox.name, parentId });
    const alone = new Set(trashed);
    for (const some of chunks(ids, client.limits.maxObjectsInSet))
      await client.call('Email/set', {
        update: Object.fromEntries(
          some.map(id => [id, { [`mailboxIds/${again}`]: true, ...(alone.has(id) ? { [`mailboxIds/${trash!.id}`]: null } : {}) }]),
        ),
      });
    await store.sync();
  };
}

/** Where it may lie: not below itself. */
export function placesFor(mailbox: Mailbox | null, all: ReadonlyMap<Id, Mailbox>): (other: Mailbox) => boolean {
  const below = (other: Mailbox | undefined): boolean =>
    other !== undefined && mailbox !== null && (other.id === mailbox.id || (other.parentId !== null && below(all.get(other.parentId))));
  return other => !below(other) && other.myRights['mayCreateChild'] !== false;
}
