// Where we are, in the address after the hash, so that back, forward and bookmarks work and no server needs to know the paths.
import { signal } from '@preact/signals';
import type { Id } from '../jmap/types';

export interface Route {
  mailbox: Id | null;
  /** Search text; null: a mailbox is shown. */
  search: string | null;
  /** The row that is open. */
  email: Id | null;
  /** The page of the settings that stands over the mail; '': their list. */
  settings?: string;
  /** The card of the address book that stands over the mail; '': none, only their list. */
  contacts?: string;
}

// The inbox, before its id is known; no id has this character (RFC 8620 §1.2).
const inbox = '~';

export function parseRoute(hash: string): Route {
  const [path = '', ...rest] = hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').map(decode);
  const search = new URLSearchParams(rest.join('?')).get('q');
  const [kind, first, , open] = parts;
  if (kind === 'search') return { mailbox: null, search: search ?? '', email: parts[1] === 'm' ? (parts[2] ?? null) : null };
  if (kind === 'in')
    return {
      mailbox: first === undefined || first === inbox ? null : first,
      search: null,
      email: parts[2] === 'm' ? (open ?? null) : null,
    };
  const nowhere = { mailbox: null, search: null, email: null };
  if (kind === 'contacts') return { ...nowhere, contacts: first ?? '' };
  return kind === 'settings' ? { ...nowhere, settings: first ?? '' } : nowhere;
}

export function writeRoute(route: Route): string {
  if (route.settings !== undefined) return route.settings ? `#/settings/${encodeURIComponent(route.settings)}` : '#/settings';
  if (route.contacts !== undefined) return route.contacts ? `#/contacts/${encodeURIComponent(route.contacts)}` : '#/contacts';
  const open = route.email ? `/m/${encodeURIComponent(route.email)}` : '';
  if (route.search !== null) return `#/search${open}?q=${encodeURIComponent(route.search)}`;
  return route.mailbox || open ? `#/in/${route.mailbox ? encodeURIComponent(route.mailbox) : inbox}${open}` : '#/';
}

/** The mail is not to be seen: another part of the program stands over it. */
export const isAway = (to: Route): boolean => to.settings !== undefined || to.contacts !== undefined;

export const route = signal<Route>(parseRoute(typeof location === 'undefined' ? '' : location.hash));

export function follow(): () => void {
  const heard = () => {
    route.value = parseRoute(location.hash);
  };
  addEventListener('popstate', heard);
  return () => removeEventListener('popstate', heard);
}

/** Opening a message and coming to a place are steps to go back from; moving among messages beside the list is not. */
export function go(to: Partial<Route>, replace = false): void {
  const { settings: _, contacts: __, ...here } = route.peek();
  const next: Route = { ...here, ...to };
  const hash = writeRoute(next);
  if (hash === location.hash) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', hash);
  route.value = next;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
