import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { OfflineError } from '../jmap/errors';
import { ListPane } from '../list/pane';
import { troubleText } from '../mail/actions';
import { notify } from '../mail/undo';
import type { Contacts as ContactPages } from '../contacts';
import type { Reader as ReaderPane } from '../reader/reader';
import { SearchBox } from '../search/box';
import type { Settings as SettingsPages } from '../settings';
import { AccountMenu } from './account';
import { composeLayer } from './compose-slot';
import { Menu, Overlay } from './dialog';
import { Icon, IconButton } from './icons';
import { Notices } from './notices';
import { go, isAway, route } from './route';
import { listenToKeys } from './shortcuts';
import { Sidebar } from './sidebar';
import { Mark } from './signin';
import { isNarrow, type View } from './mailbox-view';

// What shows messages is fetched beside the first list, not before it.
const reader = signal<typeof ReaderPane | null>(null);
const settings = signal<typeof SettingsPages | null>(null);
const contacts = signal<typeof ContactPages | null>(null);

/** The whole page of somebody who is signed in. */
export function Shell({ view, online, onOut }: { view: View; online: boolean; onOut: () => void }) {
  const drawer = useSignal(false),
    folded = useSignal(false);
  useEffect(() => listenToKeys(view), [view]);
  useEffect(() => {
    void import('../reader/reader').then(part => {
      reader.value = part.Reader;
    });
  }, []);
  const inSettings = route.value.settings !== undefined,
    inContacts = route.value.contacts !== undefined;
  useEffect(() => {
    const lost = () => {
      notify({ kind: 'trouble', text: troubleText(new OfflineError()) });
      go({});
    };
    if (inSettings && !settings.peek())
      import('../settings').then(part => {
        settings.value = part.Settings;
      }, lost);
    if (inContacts && !contacts.peek())
      import('../contacts').then(part => {
        contacts.value = part.Contacts;
      }, lost);
  }, [inSettings, inContacts]);
  const Reader = reader.value,
    Settings = settings.value,
    Contacts = contacts.value;
  const compose = () => {
    drawer.value = false;
    void import('../compose').then(c => c.compose(view));
  };
  const unread = view.store.byRole('inbox')?.unreadThreads ?? 0;
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}Aviso`;
  }, [unread]);
  return (
    <div class={`shell${drawer.value ? ' drawer' : ''}${folded.value ? ' folded' : ''}`}>
      <a
        class="skip"
        href="#list"
        onClick={event => {
          event.preventDefault();
          document.querySelector<HTMLElement>(inSettings ? '.settings-page h1' : inContacts ? '.contacts h1' : '.rows')?.focus();
        }}
      >
        {t('skip')}
      </a>
      <header class="top">
        <IconButton
          icon="menu"
          label={t('menu.folders')}
          onClick={() => {
            if (isNarrow()) drawer.value = !drawer.value;
            else folded.value = !folded.value;
          }}
        />
        <span class="brand">
          <Mark />
          <span>Aviso</span>
        </span>
        <SearchBox view={view} />
        <AccountMenu user={view.client.session.username} onOut={onOut} />
      </header>
      {!online && (
        <p class="offline" role="status">
          <Icon name="warning" size={18} /> {t('offline')}
        </p>
      )}
      <div class="panes">
        <Sidebar
          view={view}
          onCompose={compose}
          onGo={() => {
            drawer.value = false;
          }}
        />
        <button
          type="button"
          class="shade"
          tabIndex={-1}
          aria-hidden="true"
          onClick={() => {
            drawer.value = false;
          }}
        />
        {/* The mail stays: its frames, its place in the list, what is open. */}
        <main class="mail" id="list" hidden={isAway(route.value)}>
          <ListPane view={view} />
          {Reader ? (
            <Reader
              view={view}
              onReading={reading => {
                view.reading.value = reading;
              }}
            />
          ) : (
            <section class="reader-pane" aria-label={t('reader.label')} aria-busy="true" />
          )}
        </main>
        {inContacts && (Contacts ? <Contacts view={view} /> : <main class="mail" aria-busy="true" />)}
        {inSettings && (Settings ? <Settings view={view} /> : <main class="mail" aria-busy="true" />)}
      </div>
      <button type="button" class="fab" aria-label={t('compose.new')} onClick={compose}>
        <Icon name="compose" size={24} />
      </button>
      {composeLayer.value?.()}
      <Notices />
      <Overlay />
      <Menu />
    </div>
  );
}
