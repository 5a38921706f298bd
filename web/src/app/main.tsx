// Starts the page: who is there, and what they see.
import { effect, signal } from '@preact/signals';
import { render } from 'preact';
import { t } from '../i18n';
import { Client } from '../jmap/client';
import { Push } from '../jmap/push';
import { open, type Doors } from '../jmap/session';
import type { Session } from '../jmap/types';
import { startLanguage } from './account';
import { followTheme, preferences } from './preferences';
import { follow } from './route';
import { Shell } from './shell';
import { SignIn } from './signin';
import { View } from './mailbox-view';
import { askVacation, vacationCapability } from '../list/away';
import '../styles/index.css';

const view = signal<View | null>(null);
const door = signal<'opening' | 'shut' | 'open' | 'broken'>('opening');
const doors = signal<Doors>({ password: true, passkey: false, openId: null });
const online = signal(true);
// When the browser last said that the line is cut: an answer to what was asked before says nothing of it.
let cutAt = -Infinity;
let close: () => void = () => {};

function App() {
  if (door.value === 'opening')
    return (
      <div class="opening" role="status">
        <span class="unseen">{t('loading')}</span>
      </div>
    );
  if (door.value === 'broken')
    return (
      <main class="door page">
        <div class="door-card">
          <h1>{t('broken.title')}</h1>
          <p>{t('broken.text')}</p>
          <button
            type="button"
            class="button primary"
            onClick={() => {
              void start();
            }}
          >
            {t('retry')}
          </button>
        </div>
      </main>
    );
  // Who is asked to sign in again keeps all that stands on the page, and what is being written.
  return (
    <>
      {view.value && (
        <div class="page" inert={door.value === 'shut'}>
          <Shell key={view.value.client.session.username} view={view.value} online={online.value} onOut={leave} />
        </div>
      )}
      {door.value === 'shut' && (
        <div class={view.value ? 'door-over' : 'page'}>
          <SignIn
            doors={doors.value}
            ended={view.value !== null}
            user={view.value?.client.session.username ?? ''}
            onDone={() => {
              void start();
            }}
          />
        </div>
      )}
    </>
  );
}

async function start(): Promise<void> {
  try {
    const opened = await open();
    if ('session' in opened) enter(opened.session);
    else {
      doors.value = opened.doors;
      door.value = 'shut';
    }
  } catch {
    door.value = view.peek() ? 'open' : 'broken';
  }
}

function enter(session: Session): void {
  const there = view.peek();
  if (there && there.client.session.username === session.username) {
    door.value = 'open';
    void there.store.sync().then(() => {
      there.store.mailChanges.value++;
    });
    return;
  }
  close();
  const client = new Client(session);
  client.onSignedOut = () => {
    door.value = 'shut';
  };
  client.onOnline = (now, began) => {
    if (!now || began >= cutAt) online.value = now;
  };
  const next = new View(client);
  const push = new Push(client, states => next.store.heard(states));
  const stop = next.start();
  const quiet = announcing(next);
  close = () => {
    push.stop();
    stop();
    quiet();
  };
  view.value = next;
  door.value = 'open';
  void next.store
    .open()
    .catch(() => {
      if (door.peek() === 'open')
        setTimeout(() => {
          void next.store.sync();
        }, 3000);
    })
    .then(() => {
      if (door.peek() !== 'open') return;
      push.start();
      void next.store.askQuota().catch(() => {});
      if (client.has(vacationCapability)) void askVacation(client).catch(() => {});
      return unfinished(next);
    })
    .catch(() => {});
}

// Letters that an earlier page left: only then is that part of the program loaded.
async function unfinished(next: View): Promise<void> {
  const prefix = `aviso.draft.${next.client.accountFor('Email/get')}.`;
  if (Object.keys(localStorage).some(key => key.startsWith(prefix))) await (await import('../compose')).recover(next);
}

// Who wants to hear of new mail loads what says it.
function announcing(next: View): () => void {
  let stop = () => {},
    ended = false;
  const end = effect(() => {
    stop();
    stop = () => {};
    if (preferences.notifications.value)
      void import('../settings/notify').then(
        part => {
          if (!ended && preferences.notifications.peek()) stop = part.watch(next);
        },
        () => {},
      );
  });
  return () => {
    ended = true;
    end();
    stop();
  };
}

// A new page: nothing of the one who left stays in memory.
function leave(): void {
  close();
  history.replaceState(null, '', '/');
  location.reload();
}

addEventListener('online', () => {
  online.value = true;
  void view.peek()?.store.sync();
});
addEventListener('offline', () => {
  cutAt = performance.now();
  online.value = false;
});

followTheme();
follow();
void startLanguage().finally(() => {
  render(<App />, document.getElementById('app')!);
});
void start();
