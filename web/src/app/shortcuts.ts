// Keys as in Gmail. Every one can also be done with the pointer; all single letters can be switched off (WCAG 2.1.4).
import { openRow, discard, toggleMark } from '../list/pane';
import { undo } from '../mail/undo';
import { folderPicker, goPicker } from './folder-picker';
import { isCovered } from './dialog';
import { preferences } from './preferences';
import { go, isAway, route } from './route';
import { shortcutHelp } from './shortcuts-help';
import type { View } from './mailbox-view';
import type { Role } from '../jmap/types';

type Act = (view: View) => void;

const seen =
  (on: boolean): Act =>
  view => {
    const targets = view.targets();
    if (targets) void view.actions.setKeyword(targets, '$seen', on);
  };
const step =
  (by: number): Act =>
  view => {
    const list = view.list.peek();
    const ids = list?.ids.peek() ?? [];
    const at = view.cursor.peek() ? (list?.indexOf(view.cursor.peek()!) ?? -1) : -1;
    const next = ids[Math.max(0, Math.min(ids.length - 1, at + by))];
    if (!next) return;
    view.cursor.value = next;
    if (route.peek().email) go({ email: next }, true);
  };
const to =
  (role: Role): Act =>
  view => {
    const mailbox = view.store.byRole(role);
    if (mailbox) go({ mailbox: mailbox.id, search: null, email: null });
  };
const answer =
  (kind: 'reply' | 'replyAll' | 'forward'): Act =>
  view => {
    const id = route.peek().email,
      reading = view.reading.peek();
    const row = id ? view.store.email(id).peek() : null;
    if (!id || !row || !reading) return;
    const last =
      view.store
        .thread(row.threadId)
        .peek()
        .filter(one => view.store.email(one).peek()?.keywords['$draft'] !== true)
        .at(-1) ?? id;
    void import('../compose').then(c => c.answer(view, reading, preferences.conversations.peek() ? last : id, kind));
  };

const keys: Record<string, Act> = {
  c: view => {
    void import('../compose').then(c => c.compose(view));
  },
  '/': () => document.querySelector<HTMLElement>('.search input')?.focus(),
  j: step(1),
  ArrowDown: step(1),
  k: step(-1),
  ArrowUp: step(-1),
  PageDown: step(8),
  PageUp: step(-8),
  Home: step(-Infinity),
  End: step(Infinity),
  o: view => {
    const id = view.cursor.peek();
    if (id) openRow(view, id);
  },
  Enter: view => {
    const id = view.cursor.peek();
    if (id) openRow(view, id);
  },
  u: () => go({ email: null }),
  Escape: view => {
    if (view.marked.peek().size > 0 || view.allMarked.peek()) {
      view.marked.value = new Set();
      view.allMarked.value = false;
    } else go({ email: null });
  },
  x: view => {
    const id = view.cursor.peek() ?? route.peek().email;
    if (id) toggleMark(view, id);
  },
  ' ': view => {
    const id = view.cursor.peek();
    if (id) toggleMark(view, id);
  },
  e: view => {
    void view.takeOut(x => view.actions.archive(x, view.mailbox.peek()?.id ?? null));
  },
  '#': view => {
    void discard(view);
  },
  Delete: view => {
    void discard(view);
  },
  '!': view => {
    void view.takeOut(x => view.actions.junk(x, view.mailbox.peek()?.role !== 'junk'));
  },
  v: folderPicker,
  s: view => {
    const targets = view.targets();
    if (!targets) return;
    const on = 'ids' in targets && targets.ids.some(id => view.store.email(id).peek()?.keywords['$flagged']);
    void view.actions.setKeyword(targets, '$flagged', !on, true);
  },
  I: seen(true),
  U: seen(false),
  z: () => {
    void undo();
  },
  r: answer('reply'),
  a: answer('replyAll'),
  f: answer('forward'),
  '?': shortcutHelp,
  'g i': to('inbox'),
  'g s': to('sent'),
  'g d': to('drafts'),
  'g t': to('trash'),
  'g a': to('archive'),
  'g j': to('junk'),
  'g l': goPicker,
  'g c': view => {
    if (view.client.has('urn:ietf:params:jmap:contacts')) go({ contacts: '' });
  },
  'g ,': () => go({ settings: '' }),
  '* a': view => {
    view.marked.value = new Set((view.list.peek()?.ids.peek() ?? []).filter(id => id !== undefined));
  },
  '* n': view => {
    view.marked.value = new Set();
    view.allMarked.value = false;
  },
};
const always = new Set(['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End', 'Enter', 'Escape', ' ']);
const onlyInList = new Set(['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End', 'Enter', ' ', 'Delete']);

let prefix = '',
  prefixAt = 0;

/** A key, wherever it was pressed: in the page or in a message's frame. True: it meant something. */
export function pressed(view: View, key: string, shift: boolean, inList = false): boolean {
  if (isCovered()) return false;
  if (!preferences.shortcuts.peek() && !always.has(key)) return false;
  if (onlyInList.has(key) && !inList) return false;
  const name = shift && /^[a-z]$/i.test(key) ? key.toUpperCase() : key;
  const two = prefix && Date.now() - prefixAt < 1500 ? `${prefix} ${name}` : '';
  prefix = '';
  // What is done to mail is not done while the mail is not to be seen.
  if (isAway(route.peek()) && !(two in keys) && !['g', 'c', '/', '?', 'u', 'z'].includes(name)) return false;
  const act = keys[two] ?? keys[name];
  if (act && (two in keys || (name !== 'g' && name !== '*'))) {
    act(view);
    return true;
  }
  if (name === 'g' || name === '*') [prefix, prefixAt] = [name, Date.now()];
  return false;
}

export function listenToKeys(view: View): () => void {
  const heard = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName)) return;
    if (target.tagName === 'INPUT' && (target as HTMLInputElement).type !== 'checkbox') return;
    if ((event.key === 'Enter' || event.key === ' ') && /^(BUTTON|A|INPUT|SUMMARY)$/.test(target.tagName)) return;
    const inList = target.closest('[data-keys=list]') !== null || target === document.body;
    if (pressed(view, event.key, event.shiftKey, inList)) event.preventDefault();
  };
  addEventListener('keydown', heard);
  return () => removeEventListener('keydown', heard);
}
