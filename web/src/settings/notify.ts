// Word of new mail by the system, while nobody looks at the page (Web Notifications). The page must be open; nothing goes through anybody else.
import { effect, untracked } from '@preact/signals';
import { t } from '../i18n';
import { preferences } from '../app/preferences';
import { go } from '../app/route';
import type { View } from '../app/mailbox-view';
import type { Id, ListEmail } from '../jmap/types';
import { nameOf } from '../mail/people';

export type Permission = 'granted' | 'denied' | 'default' | 'unable';

/** Asks the person, which browsers allow only after a click. */
export async function turnOn(): Promise<Permission> {
  if (typeof Notification === 'undefined') return 'unable';
  const permission = await Notification.requestPermission();
  if (permission !== 'granted') return permission;
  try {
    // Phones have the name and refuse to make one.
    new Notification('Aviso', { body: t('list.unread'), tag: 'aviso', silent: true }).close();
    return 'granted';
  } catch {
    return 'unable';
  }
}

/** Which of what came is worth a word: unread, in the inbox, and of now. */
export function worthy(emails: readonly (ListEmail | null)[], inbox: Id | undefined, now: number = Date.now()): ListEmail[] {
  return emails.filter(
    (e): e is ListEmail =>
      e !== null &&
      inbox !== undefined &&
      inbox in e.mailboxIds &&
      !e.keywords['$seen'] &&
      !e.keywords['$draft'] &&
      now - Date.parse(e.receivedAt) < 10 * 60_000,
  );
}

export function watch(view: View): () => void {
  return effect(() => {
    const ids = view.store.arrived.value;
    if (ids.length > 0 && preferences.notifications.peek() && !document.hasFocus()) untracked(() => say(view, ids));
  });
}

function say(view: View, ids: readonly Id[]): void {
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return;
  const inbox = view.store.byRole('inbox')?.id;
  const emails = worthy(
    ids.map(id => view.store.email(id).peek()),
    inbox,
  );
  for (const email of emails.slice(0, 3)) {
    const from = email.from?.[0];
    try {
      const one = new Notification(from ? nameOf(from) : 'Aviso', {
        body: email.subject || t('noSubject'),
        tag: email.id,
        icon: '/favicon.svg',
      });
      one.onclick = () => {
        window.focus();
        if (inbox) go({ mailbox: inbox, search: null, email: email.id });
        one.close();
      };
    } catch {
      return;
    }
  }
}
