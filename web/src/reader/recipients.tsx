import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { longDate } from '../i18n/dates';
import type { EmailAddress, FullEmail, ListEmail } from '../jmap/types';
import { Icon } from '../app/icons';
import { fullOf, nameOf } from '../mail/people';
import type { Reading } from './reader';

/** "to me, Bob": all of it on demand. */
export function Recipients({ email, reading, me }: { email: ListEmail; reading: Reading; me: string }) {
  const open = useSignal(false),
    full = useSignal<FullEmail | null>(null);
  useEffect(() => {
    void reading.bodies.get(email.id).then(
      f => {
        full.value = f;
      },
      () => {},
    );
  }, [email.id]);
  const people = [...(email.to ?? []), ...(full.value?.cc ?? [])];
  const short =
    people
      .slice(0, 4)
      .map(a => (a.email.toLowerCase() === me.toLowerCase() ? t('toMe') : nameOf(a)))
      .join(', ') + (people.length > 4 ? ` +${people.length - 4}` : '');
  const line = (label: string, list: EmailAddress[] | null | undefined) =>
    list &&
    list.length > 0 && (
      <>
        <dt>{label}</dt>
        <dd dir="auto">{list.map(fullOf).join(', ')}</dd>
      </>
    );
  return (
    <>
      <button
        type="button"
        class="message-to"
        aria-expanded={open.value}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <span dir="auto">{people.length > 0 ? t('reader.to', { people: short }) : t('list.nobody')}</span>
        <Icon name="down" size={14} />
      </button>
      {open.value && (
        <dl class="message-details">
          {line(t('field.from'), email.from)}
          {line(t('field.sender'), full.value?.sender)}
          {line(t('field.replyTo'), full.value?.replyTo)}
          {line(t('field.to'), email.to)}
          {line(t('field.cc'), full.value?.cc)}
          {line(t('field.bcc'), full.value?.bcc)}
          <dt>{t('field.date')}</dt>
          <dd>{longDate(full.value?.sentAt ?? email.receivedAt)}</dd>
        </dl>
      )}
    </>
  );
}
