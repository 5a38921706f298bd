// The settings of a person, loaded when they are first opened. Each page is a file; what a page does without showing it is another, which the
// tests run. What the server keeps is asked of it anew whenever a page is opened; what only this browser keeps is app/preferences.
import './settings.css';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { followLanguage, loadWords, s } from '../i18n/settings';
import { Icon, IconButton, type IconName } from '../app/icons';
import type { View } from '../app/mailbox-view';
import { go, route } from '../app/route';
import { vacationCapability } from '../list/away';
import { anyDirty } from './drafts';
import { keepFocus } from './focus-back';
import { Folders } from './folders';
import { Identities } from './identities';
import { Reading } from './reading';
import { Rules } from './rules/rules-page';
import { Safety } from './safety/safety';
import { sieveCapability } from './rules/sieve';
import { VacationPage } from './vacation-page';

interface Page {
  id: 'identities' | 'safety' | 'reading' | 'vacation' | 'rules' | 'folders';
  icon: IconName;
  /** What the server must know for it. */
  needs?: string;
  show: (view: View) => ComponentChildren;
}

const pages: Page[] = [
  { id: 'identities', icon: 'drafts', show: view => <Identities view={view} /> },
  { id: 'reading', icon: 'read', show: () => <Reading /> },
  { id: 'folders', icon: 'folder', show: view => <Folders view={view} /> },
  { id: 'rules', icon: 'move', needs: sieveCapability, show: view => <Rules view={view} /> },
  { id: 'vacation', icon: 'clock', needs: vacationCapability, show: view => <VacationPage view={view} /> },
  { id: 'safety', icon: 'person', show: view => <Safety view={view} /> },
];

/** The pages that this server has something for. */
export const pagesFor = (has: (capability: string) => boolean): Page[] => pages.filter(page => !page.needs || has(page.needs));

await loadWords();
followLanguage();

addEventListener('beforeunload', event => {
  if (anyDirty()) event.preventDefault();
});

export function Settings({ view }: { view: View }) {
  const wanted = route.value.settings ?? '';
  const all = pagesFor(capability => view.client.has(capability));
  const page = all.find(one => one.id === wanted) ?? all[0]!;
  const title = useRef<HTMLHeadingElement>(null),
    root = useRef<HTMLElement>(null);
  useEffect(() => keepFocus(root.current!), []);
  useEffect(() => {
    title.current?.focus({ preventScroll: true });
    title.current?.closest('.settings-page')?.scrollTo(0, 0);
  }, [page.id, wanted === '']);
  return (
    <main class={wanted === '' ? 'settings at-list' : 'settings'} id="settings" ref={root}>
      <nav class="settings-nav" aria-label={t('menu.settings')}>
        <header class="settings-head">
          <IconButton icon="back" label={t('reader.back')} hint="u" onClick={() => go({})} />
          <h1>{t('menu.settings')}</h1>
        </header>
        <ul>
          {all.map(one => (
            <li key={one.id}>
              <a
                class={one === page ? 'folder current' : 'folder'}
                href={`#/settings/${one.id}`}
                aria-current={one === page && wanted !== '' ? 'page' : undefined}
                onClick={event => {
                  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                  event.preventDefault();
                  go({ settings: one.id }, wanted !== '');
                }}
              >
                <Icon name={one.icon} />
                <span class="folder-name">{s(`nav.${one.id}`)}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="settings-page">
        <header class="settings-head">
          <IconButton icon="back" class="settings-up" label={t('menu.settings')} onClick={() => go({ settings: '' }, true)} />
          <h1 tabIndex={-1} ref={title}>
            {s(`nav.${page.id}`)}
          </h1>
        </header>
        <div class="settings-cards" key={page.id}>
          {page.show(view)}
        </div>
      </div>
    </main>
  );
}
