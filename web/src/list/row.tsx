import { memo } from 'preact/compat';
import { t } from '../i18n';
import { longDate, shortDate } from '../i18n/dates';
import type { Id, ListEmail } from '../jmap/types';
import { Avatar } from '../app/avatar';
import { Icon, IconButton } from '../app/icons';
import { preferences } from '../app/preferences';
import { route } from '../app/route';
import type { View } from '../app/mailbox-view';
import { participants } from '../mail/people';

export interface RowActs {
  open(id: Id): void;
  mark(id: Id, range: boolean): void;
  star(id: Id): void;
  archive(id: Id): void;
  trash(id: Id): void;
  toggleRead(id: Id): void;
  drag(id: Id, event: DragEvent): void;
}

export const rowHeight = 76;

interface Props {
  view: View;
  acts: RowActs;
  id: Id | undefined;
  index: number;
}

/** One line of the list; of a row that has not come yet its outline, of the same height. */
function RowView({ view, acts, id, index }: Props) {
  const email = id === undefined ? null : view.store.email(id).value;
  const place = { transform: `translateY(${index * rowHeight}px)` };
  if (!email || id === undefined)
    return (
      <div class="row waiting" role="row" aria-rowindex={index + 1} aria-busy="true" style={place}>
        <span role="gridcell" class="unseen">
          {t('loading')}
        </span>
      </div>
    );
  const open = route.value.email === id,
    marked = view.marked.value.has(id) || view.allMarked.value;
  const unread = view.isUnread(email);
  const starred = isStarred(view, email);
  const here = view.mailbox.value?.role;
  const classes = `row${unread ? ' unread' : ''}${open ? ' open' : ''}${marked ? ' marked' : ''}${view.cursor.value === id ? ' cursor' : ''}`;
  return (
    <div
      class={classes}
      role="row"
      id={`row-${id}`}
      aria-rowindex={index + 1}
      aria-selected={marked}
      style={place}
      draggable
      onClick={event => {
        if (event.shiftKey || event.metaKey || event.ctrlKey) acts.mark(id, event.shiftKey);
        else acts.open(id);
      }}
      onDragStart={event => acts.drag(id, event)}
    >
      <span role="gridcell" class="row-mark">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={marked}
          aria-label={t('list.mark')}
          onClick={event => {
            event.stopPropagation();
            acts.mark(id, event.shiftKey);
          }}
        />
        <RowFace email={email} sent={here === 'sent' || here === 'drafts'} />
      </span>
      <span role="gridcell" class="row-text">
        {unread && <span class="unseen">{t('list.unread')}, </span>}
        <span class="row-line">
          <span class="row-who" dir="auto">
            <Who view={view} email={email} />
          </span>
          <time class="row-date" dateTime={email.receivedAt} title={longDate(email.receivedAt)}>
            {shortDate(email.receivedAt)}
          </time>
        </span>
        <span class="row-line">
          <span class="row-subject" dir="auto">
            {email.subject || t('noSubject')}
          </span>
          <span class="row-signs">
            {email.keywords['$answered'] && (
              <span title={t('list.answered')}>
                <Icon name="reply" size={16} />
                <span class="unseen">{t('list.answered')}</span>
              </span>
            )}
            {email.hasAttachment && (
              <span title={t('list.attachment')}>
                <Icon name="attach" size={16} />
                <span class="unseen">{t('list.attachment')}</span>
              </span>
            )}
          </span>
        </span>
        <span class="row-preview" dir="auto">
          {email.preview}
        </span>
      </span>
      <span role="gridcell" class="row-acts">
        <IconButton
          class="row-star"
          icon="star"
          filled={starred}
          pressed={starred}
          tab={-1}
          label={t(starred ? 'act.unstar' : 'act.star')}
          onClick={stop(() => acts.star(id))}
        />
        <span class="row-hover">
          {here !== 'archive' && <IconButton icon="archive" tab={-1} label={t('act.archive')} onClick={stop(() => acts.archive(id))} />}
          <IconButton icon="trash" tab={-1} label={t('act.delete')} onClick={stop(() => acts.trash(id))} />
          <IconButton
            icon={unread ? 'read' : 'unread'}
            tab={-1}
            label={t(unread ? 'act.read' : 'act.unread')}
            onClick={stop(() => acts.toggleRead(id))}
          />
        </span>
      </span>
    </div>
  );
}

export const Row = memo(RowView);

const stop = (act: () => void) => (event: MouseEvent) => {
  event.stopPropagation();
  act();
};

const isStarred = (view: View, email: ListEmail): boolean =>
  !!email.keywords['$flagged'] ||
  (preferences.conversations.value &&
    view.store.thread(email.threadId).value.some(id => !!view.store.email(id).value?.keywords['$flagged']));

function RowFace({ email, sent }: { email: ListEmail; sent: boolean }) {
  const one = (sent ? email.to : email.from)?.[0];
  return <Avatar name={one?.name ?? null} email={one?.email ?? '?'} />;
}

/** "Anna, me (3)": who speaks in the conversation, or whom it went to. */
function Who({ view, email }: { view: View; email: ListEmail }) {
  const here = view.mailbox.value?.role;
  if (here === 'sent' || here === 'drafts') {
    const to = (email.to ?? []).map(a => a.name || a.email).join(', ');
    return (
      <>
        {email.keywords['$draft'] ? <span class="draft">{t('list.draft')}</span> : `${t('list.to')} `}
        {email.keywords['$draft'] ? ' ' : ''}
        {to || t('list.nobody')}
      </>
    );
  }
  const ids = preferences.conversations.value ? view.store.thread(email.threadId).value : [];
  const rows = ids.map(id => view.store.email(id).value).filter((e): e is ListEmail => e !== null);
  const people = participants(rows.length > 0 ? rows : [email], view.client.session.username);
  return (
    <>
      {people.names.map((one, i) => (
        <span key={i} class={one.unread ? 'fresh' : ''}>
          {i > 0 ? ', ' : ''}
          {one.me ? t('me') : one.name}
        </span>
      ))}
      {people.draft && <span class="draft">, {t('list.draft')}</span>}
      {ids.length > 1 && <span class="row-count">{ids.length}</span>}
    </>
  );
}
