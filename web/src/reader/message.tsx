import { t } from '../i18n';
import { longDate, mediumDate, shortDate } from '../i18n/dates';
import type { ListEmail } from '../jmap/types';
import { Avatar } from '../app/avatar';
import type { View } from '../app/mailbox-view';
import { nameOf } from '../mail/people';
import { MessageActs } from './message-acts';
import { MessageBody } from './message-body';
import type { Reading } from './reader';
import { Recipients } from './recipients';

export interface MessageProps {
  view: View;
  email: ListEmail;
  reading: Reading;
  isOpen: boolean;
  isLast: boolean;
  isAlone: boolean;
  onToggle: () => void;
}

/** One message of the conversation: a line while it is closed. */
export function Message(props: MessageProps) {
  const { email, isOpen, isAlone, onToggle, view } = props;
  const from = email.from?.[0] ?? { name: null, email: '?' };
  const draft = email.keywords['$draft'];
  if (!isOpen)
    return (
      <button type="button" class={`message closed${email.keywords['$seen'] ? '' : ' unread'}`} aria-expanded="false" onClick={onToggle}>
        <Avatar name={from.name} email={from.email} />
        <span class="message-who" dir="auto">
          {draft && <span class="draft">{t('list.draft')} </span>}
          {nameOf(from)}
        </span>
        <span class="message-preview" dir="auto">
          {email.preview}
        </span>
        <time dateTime={email.receivedAt}>{shortDate(email.receivedAt)}</time>
      </button>
    );
  return (
    <div class="message" id={`message-${email.id}`}>
      <header class="message-head">
        <Avatar name={from.name} email={from.email} />
        <div
          class="message-people"
          onClick={
            isAlone
              ? undefined
              : event => {
                  if (!(event.target as Element).closest('button')) onToggle();
                }
          }
        >
          <p class="message-from" dir="auto">
            <strong>{nameOf(from)}</strong> {nameOf(from) !== from.email && <span class="quiet">{from.email}</span>}
          </p>
          <Recipients email={email} reading={props.reading} me={view.client.session.username} />
        </div>
        <time class="message-date" dateTime={email.receivedAt} title={longDate(email.receivedAt)}>
          <span class="date-roomy">{mediumDate(email.receivedAt)}</span>
          <span class="date-brief">{shortDate(email.receivedAt)}</span>
        </time>
        <MessageActs {...props} />
      </header>
      <MessageBody {...props} />
    </div>
  );
}
