// Changes of an email as RFC 8620 §5.3 patches, each with its way back.
import type { Id, Keywords, ListEmail } from '../jmap/types';

export type Patch = Record<string, true | null>;
export type Placed = Pick<ListEmail, 'id' | 'mailboxIds' | 'keywords'>;

/** What of the patch would change this email. */
export function effect(email: Placed, patch: Patch): Patch {
  const out: Patch = {};
  for (const [path, value] of Object.entries(patch)) if (has(email, path) !== (value === true)) out[path] = value;
  return out;
}

/** The patch that undoes an effect. */
export function inverse(done: Patch): Patch {
  return Object.fromEntries(Object.entries(done).map(([path, value]) => [path, value === true ? null : true]));
}

export function applyPatch<T extends Placed>(email: T, patch: Patch): T {
  const mailboxIds: Record<Id, true> = { ...email.mailboxIds };
  const keywords: Keywords = { ...email.keywords };
  for (const [path, value] of Object.entries(patch)) {
    const [where, name] = split(path);
    const into = where === 'keywords' ? keywords : mailboxIds;
    if (value === true) into[name] = true;
    else delete into[name];
  }
  return { ...email, mailboxIds, keywords };
}

/** Out of one mailbox (of all, when null) into another. */
export function moving(email: Placed, from: Id | null, to: Id): Patch {
  const patch: Patch = {};
  for (const id of from === null ? Object.keys(email.mailboxIds) : [from]) if (id !== to) patch[`mailboxIds/${escape(id)}`] = null;
  patch[`mailboxIds/${escape(to)}`] = true;
  return patch;
}

export const keyword = (name: string, on: boolean): Patch => ({ [`keywords/${escape(name)}`]: on ? true : null });

// RFC 6901 §3.
const escape = (name: string): string => name.replace(/~/g, '~0').replace(/\//g, '~1');

function split(path: string): [where: string, name: string] {
  const at = path.indexOf('/');
  return [
    path.slice(0, at),
    path
      .slice(at + 1)
      .replace(/~1/g, '/')
      .replace(/~0/g, '~'),
  ];
}

function has(email: Placed, path: string): boolean {
  const [where, name] = split(path);
  return (where === 'keywords' ? email.keywords : email.mailboxIds)[name] === true;
}
