// The address book of a person, loaded when it is first opened: a list on one side, a card or its form on the other.
import './contacts.css';
import { signal, useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ask, isCovered, openMenu } from '../app/dialog';
import { Icon, IconButton } from '../app/icons';
import type { View } from '../app/mailbox-view';
import { preferences } from '../app/preferences';
import { go, route } from '../app/route';
import { t } from '../i18n';
import { c, followLanguage, loadWords } from '../i18n/contacts';
import { troubleText } from '../mail/actions';
import { deleteCard } from './acts';
import { bookOf } from './book';
import type { Card, NewCard } from './card';
import type { CardForm } from './edit';
import { CardView } from './card-view';
import { chooseFiles, exportAll, importFiles } from './exchange';
import { CardFormPane } from './form';
import { ContactList } from './list';

await loadWords();
followLanguage();

/** What is being written: a card that is to be, or changes of one that is. */
export type Editing = { card: Card } | { fresh: NewCard } | null;

// What somebody has typed is there again after a look at the mail, and is never thrown away without a question.
interface Kept {
  editing: Signal<Editing>;
  /** As it stands in the form; null: as the card is. */
  form: Signal<CardForm | null>;
  search: Signal<string>;
  /** What the list shows, in its order. */
  shown: Signal<readonly Card[]>;
}
const kept = new WeakMap<View, Kept>();
const keptOf = (view: View): Kept => {
  let one = kept.get(view);
  if (!one) kept.set(view, (one = { editing: signal(null), form: signal(null), search: signal(''), shown: signal([]) }));
  return one;
};
const dirty: { value: boolean } = { value: false };
addEventListener('beforeunload', event => {
  if (dirty.value) event.preventDefault();
});

export interface Page extends Kept {
  view: View;
  /** The card of this id; '': none. */
  open: (id: string) => void;
  edit: (editing: Editing) => void;
  /** Back to the mail. */
  close: () => void;
  setDirty: (now: boolean) => void;
}

export function Contacts({ view }: { view: View }) {
  const book = bookOf(view);
  const mine = keptOf(view),
    { editing } = mine;
  const over = useSignal(false);
  const root = useRef<HTMLElement>(null);
  const open = route.value.contacts ?? '';
  useEffect(() => {
    void book.load().catch(() => {});
  }, [book]);
  useEffect(() => {
    const now = editing.peek();
    if (!now || !('card' in now) || now.card.id === open) return;
    // Back at what was being written; or another card, and the form of the last one goes.
    if (open === '' && dirty.value) go({ contacts: now.card.id }, true);
    else leave(() => put(null));
  }, [open]);
  const put = (next: Editing) => {
    editing.value = next;
    mine.form.value = null;
  };
  const leave = (then: () => void) => {
    if (!dirty.value) then();
    else
      ask(
        c('discardTitle'),
        c('discardText'),
        c('discard'),
        () => {
          dirty.value = false;
          then();
        },
        true,
      );
  };
  const page: Page = {
    view,
    ...mine,
    open: id =>
      leave(() => {
        put(null);
        go({ contacts: id }, route.peek().contacts !== '');
      }),
    edit: next =>
      leave(() => {
        put(next);
        if (next === null)
          requestAnimationFrame(() => {
            if (document.activeElement === document.body) root.current?.querySelector<HTMLElement>('h2[tabindex], h1[tabindex]')?.focus();
          });
        if (next && 'fresh' in next && route.peek().contacts !== '') go({ contacts: '' }, true);
      }),
    close: () => go({}),
    setDirty: now => {
      dirty.value = now;
    },
  };
  useEffect(() => listenToKeys(page, root.current!), []);
  const card = open ? book.cards.value.get(open) : undefined;
  const isOpen = open !== '' || editing.value !== null;
  const more = (event: MouseEvent) =>
    openMenu(event, c('more'), [
      { label: c('newGroup'), icon: 'people', run: () => page.edit({ fresh: { kind: 'group' } }) },
      null,
      { label: c('import'), icon: 'download', run: () => chooseFiles(view) },
      {
        label: c('exportAll'),
        icon: 'file',
        run: () => {
          void exportAll(view);
        },
      },
    ]);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
  return (
    <main
      class={isOpen ? 'mail contacts open' : 'mail contacts'}
      id="contacts"
      ref={root}
      onDragOver={event => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) over.value = false;
      }}
      onDrop={event => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        over.value = false;
        void importFiles(view, [...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <section class="contacts-side" aria-label={t('contacts')}>
        <header class="contacts-head">
          <IconButton icon="back" label={c('backToMail')} hint="u" onClick={page.close} />
          <h1 tabIndex={-1}>{t('contacts')}</h1>
          <IconButton icon="plus" label={c('new')} hint="n" onClick={() => page.edit({ fresh: {} })} />
          <IconButton icon="more" label={c('more')} onClick={more} />
        </header>
        {book.trouble.value !== null && !book.ready.value ? (
          <div class="empty" role="alert">
            <p>{troubleText(book.trouble.value)}</p>
            <button
              type="button"
              class="button"
              onClick={() => {
                void book.load().catch(() => {});
              }}
            >
              {t('retry')}
            </button>
          </div>
        ) : (
          <ContactList page={page} book={book} openId={open} />
        )}
      </section>
      <section class="contacts-pane" aria-label={editing.value ? c('editTitle') : c('card')}>
        {editing.value ? (
          <CardFormPane
            page={page}
            editing={editing.value}
            key={'card' in editing.value ? editing.value.card.id : `new ${editing.value.fresh.kind ?? ''}`}
          />
        ) : card ? (
          <CardView page={page} book={book} row={card} key={card.id} />
        ) : (
          <div class="empty">
            <span class="empty-icon">
              <Icon name="people" size={36} />
            </span>
            <p>{open && book.ready.value ? c('notFound') : c('choose')}</p>
          </div>
        )}
      </section>
      {over.value && <div class="drop-here">{c('dropHere')}</div>}
    </main>
  );
}

// Single letters as in the mail; they can be switched off there.
function listenToKeys(page: Page, root: HTMLElement): () => void {
  const acts: Record<string, () => void> = {
    '/': () => root.querySelector<HTMLElement>('.contacts-search input')?.focus(),
    n: () => page.edit({ fresh: {} }),
    e: () => root.querySelector<HTMLElement>('[data-act=edit]')?.click(),
    '#': () => {
      const id = route.peek().contacts;
      if (id && !page.editing.peek()) {
        void deleteCard(page.view, id);
        page.open('');
      }
    },
    u: () => {
      if (page.editing.peek()) page.edit(null);
      else if (route.peek().contacts) page.open('');
      else page.close();
    },
    j: () => step(page, 1),
    k: () => step(page, -1),
  };
  const heard = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || isCovered()) return;
    const target = event.target as HTMLElement;
    if (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName)) return;
    if (target.tagName === 'INPUT' && (target as HTMLInputElement).type !== 'checkbox') return;
    if (target.closest('.composer, [role=menu], dialog')) return;
    const name = event.key === 'Escape' ? 'u' : event.key;
    const act = preferences.shortcuts.peek() || event.key === 'Escape' ? acts[name] : undefined;
    if (!act || prefixed()) return;
    act();
    event.preventDefault();
    event.stopPropagation();
  };
  // "g e" is no "e".
  let lastG = 0;
  const prefixed = () => Date.now() - lastG < 1500;
  const hearG = (event: KeyboardEvent) => {
    lastG = event.key === 'g' ? Date.now() : 0;
  };
  addEventListener('keydown', heard, true);
  addEventListener('keydown', hearG);
  return () => {
    removeEventListener('keydown', heard, true);
    removeEventListener('keydown', hearG);
  };
}

function step(page: Page, by: number): void {
  const rows = page.shown.peek();
  const at = rows.findIndex(card => card.id === route.peek().contacts);
  const next = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))];
  if (next) page.open(next.id);
}
