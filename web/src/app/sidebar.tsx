import { useSignal } from '@preact/signals';
import { t } from '../i18n';
import { bytes } from '../i18n/dates';
import type { Id, Mailbox } from '../jmap/types';
import { mailboxName, tree } from '../mail/names';
import { Icon, IconButton, type IconName } from './icons';
import { preferences } from './preferences';
import { go, isAway, route } from './route';
import type { View } from './mailbox-view';

export function folderIcon(mailbox: Mailbox): IconName {
  switch (mailbox.role) {
    case 'inbox':
    case 'drafts':
    case 'sent':
    case 'archive':
    case 'junk':
    case 'trash':
    case 'important':
    case 'all':
      return mailbox.role;
    case 'flagged':
      return 'star';
    default:
      return 'folder';
  }
}

/** Unread mail; of drafts, how many there are. */
const countOf = (mailbox: Mailbox): number =>
  mailbox.role === 'drafts'
    ? mailbox.totalEmails
    : mailbox.role === 'sent' || mailbox.role === 'trash'
      ? 0
      : preferences.conversations.value
        ? mailbox.unreadThreads
        : mailbox.unreadEmails;

export function Sidebar({ view, onCompose, onGo }: { view: View; onCompose: () => void; onGo: () => void }) {
  const branches = tree(view.store.mailboxes.value);
  const closed = new Set(preferences.closedFolders.value);
  const hidden = new Set<Id>();
  for (const { mailbox } of branches)
    if (mailbox.parentId && (closed.has(mailbox.parentId) || hidden.has(mailbox.parentId))) hidden.add(mailbox.id);
  const shown = branches.filter(b => !hidden.has(b.mailbox.id));
  const firstOwn = shown.findIndex(b => b.mailbox.role === null);
  return (
    <nav class="sidebar" aria-label={t('folders')}>
      <button type="button" class="compose-button" onClick={onCompose} title={`${t('compose.new')} (c)`}>
        <Icon name="compose" />
        <span>{t('compose.new')}</span>
      </button>
      <ul class="folders">
        {!view.store.ready.value && [0, 1, 2, 3, 4, 5].map(i => <li key={i} class="folder waiting" aria-hidden="true" />)}
        {shown.map((branch, i) => (
          <Folder
            key={branch.mailbox.id}
            view={view}
            {...branch}
            gap={i === firstOwn && i > 0}
            isClosed={closed.has(branch.mailbox.id)}
            onGo={onGo}
          />
        ))}
      </ul>
      {view.client.has('urn:ietf:params:jmap:contacts') && <ContactsLink onGo={onGo} />}
      <QuotaBar view={view} />
    </nav>
  );
}

function ContactsLink({ onGo }: { onGo: () => void }) {
  const current = route.value.contacts !== undefined;
  return (
    <a
      class={current ? 'folder current' : 'folder'}
      href="#/contacts"
      aria-current={current ? 'page' : undefined}
      title={`${t('contacts')} (g c)`}
      onClick={event => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go({ contacts: '' });
        onGo();
      }}
    >
      <Icon name="people" />
      <span class="folder-name">{t('contacts')}</span>
    </a>
  );
}

function Folder({
  view,
  mailbox,
  depth,
  hasChildren,
  gap,
  isClosed,
  onGo,
}: {
  view: View;
  mailbox: Mailbox;
  depth: number;
  hasChildren: boolean;
  gap: boolean;
  isClosed: boolean;
  onGo: () => void;
}) {
  const over = useSignal(false);
  const current = !isAway(route.value) && route.value.search === null && view.mailbox.value?.id === mailbox.id;
  const count = countOf(mailbox);
  const name = mailboxName(mailbox);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    over.value = false;
    const from = view.mailbox.peek()?.id ?? null;
    if (from === mailbox.id) return;
    void view.takeOut(x =>
      mailbox.role === 'trash'
        ? view.actions.trash(x)
        : mailbox.role === 'junk'
          ? view.actions.junk(x, true)
          : view.actions.move(x, from, mailbox),
    );
  };
  return (
    <li class={gap ? 'folder-item gap' : 'folder-item'}>
      <a
        class={`folder${current ? ' current' : ''}${over.value ? ' over' : ''}${count > 0 && mailbox.role !== 'drafts' ? ' unread' : ''}`}
        href={`#/in/${encodeURIComponent(mailbox.id)}`}
        aria-current={current ? 'page' : undefined}
        title={name}
        style={{ '--depth': String(Math.min(depth, 6)) }}
        onClick={event => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          go({ mailbox: mailbox.id, search: null, email: null });
          onGo();
        }}
        onDragOver={event => {
          if (event.dataTransfer?.types.includes('application/x-aviso-row')) {
            event.preventDefault();
            over.value = true;
          }
        }}
        onDragLeave={() => {
          over.value = false;
        }}
        onDrop={drop}
      >
        <Icon name={folderIcon(mailbox)} filled={current && mailbox.role === 'flagged'} />
        <span class="folder-name" dir="auto">
          {name}
        </span>
        {count > 0 && (
          <span class="folder-count">
            <span aria-hidden="true">{count.toLocaleString(document.documentElement.lang)}</span>
            <span class="unseen">{t(mailbox.role === 'drafts' ? 'folder.countDrafts' : 'folder.countUnread', { n: count })}</span>
          </span>
        )}
      </a>
      {hasChildren && (
        <IconButton
          class={isClosed ? 'folder-fold closed' : 'folder-fold'}
          icon="down"
          label={t(isClosed ? 'folder.open' : 'folder.close', { name })}
          onClick={() => fold(mailbox.id)}
        />
      )}
    </li>
  );
}

function fold(id: Id): void {
  const now = preferences.closedFolders.value;
  preferences.closedFolders.value = now.includes(id) ? now.filter(one => one !== id) : [...now, id];
}

function QuotaBar({ view }: { view: View }) {
  const quota = view.store.quota.value;
  if (!quota) return null;
  const share = Math.min(1, quota.used / quota.limit);
  const text = t('quota', { used: bytes(quota.used), limit: bytes(quota.limit) });
  return (
    <div class={share > 0.9 ? 'quota full' : 'quota'}>
      <progress max={1} value={share} aria-label={text} />
      <span>{text}</span>
    </div>
  );
}
