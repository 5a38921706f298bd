// Mailboxes as people see them: roles by their name in the reader's language, folders in their tree.
import { t, type Key } from '../i18n';
import type { Id, Mailbox, Role } from '../jmap/types';

const roles: Partial<Record<Role, Key>> = {
  inbox: 'folder.inbox',
  drafts: 'folder.drafts',
  sent: 'folder.sent',
  archive: 'folder.archive',
  junk: 'folder.junk',
  trash: 'folder.trash',
  all: 'folder.all',
  flagged: 'folder.flagged',
  important: 'folder.important',
};
const order: (Role | null)[] = ['inbox', 'flagged', 'important', 'drafts', 'sent', 'all', 'archive', 'junk', 'trash'];

export const mailboxName = (mailbox: Mailbox): string => {
  const key = mailbox.role ? roles[mailbox.role] : undefined;
  return key ? t(key) : mailbox.name;
};

export interface Branch {
  mailbox: Mailbox;
  depth: number;
  /** Counting the folders below. */
  hasChildren: boolean;
}

/** Roles first, in the order people know, then the rest as a tree by sort order and name (RFC 8621 §2). */
export function tree(mailboxes: ReadonlyMap<Id, Mailbox>): Branch[] {
  const children = new Map<Id | null, Mailbox[]>();
  for (const mailbox of mailboxes.values()) {
    const parent = mailbox.parentId !== null && mailboxes.has(mailbox.parentId) ? mailbox.parentId : null;
    children.set(parent, [...(children.get(parent) ?? []), mailbox]);
  }
  const out: Branch[] = [];
  const add = (parent: Id | null, depth: number): void => {
    for (const mailbox of (children.get(parent) ?? []).sort(compare)) {
      out.push({ mailbox, depth, hasChildren: children.has(mailbox.id) });
      if (depth < 20) add(mailbox.id, depth + 1);
    }
  };
  add(null, 0);
  return out;
}

const rank = (mailbox: Mailbox): number => {
  const at = order.indexOf(mailbox.role);
  return at < 0 ? order.length : at;
};

const compare = (a: Mailbox, b: Mailbox): number =>
  rank(a) - rank(b) || a.sortOrder - b.sortOrder || a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: 'base' });

/** "Work / Projects / Boat" for menus where the tree is not seen. */
export function pathOf(mailbox: Mailbox, mailboxes: ReadonlyMap<Id, Mailbox>): string {
  const names: string[] = [];
  for (let one: Mailbox | undefined = mailbox; one && names.length < 20; one = one.parentId ? mailboxes.get(one.parentId) : undefined)
    names.unshift(mailboxName(one));
  return names.join(' / ');
}
