import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import type { Id, ListEmail } from '../jmap/types';
import { IconButton, Icon } from '../app/icons';
import { moreMenu } from '../list/toolbar';
import { discard } from '../list/pane';
import { folderPicker } from '../app/folder-picker';
import { preferences } from '../app/preferences';
import { go, route } from '../app/route';
import type { View } from '../app/mailbox-view';
import { mailboxName } from '../mail/names';
import { Bodies } from './body';
import { Frames } from './frames';
import { Message } from './message';

export interface Reading {
  bodies: Bodies;
  frames: Frames;
}

/** The open conversation. Its frames live as long as the page does. */
export function Reader({ view, onReading }: { view: View; onReading: (reading: Reading) => void }) {
  const content = useRef<HTMLDivElement>(null),
    layer = useRef<HTMLDivElement>(null),
    scroller = useRef<HTMLDivElement>(null);
  const reading = useSignal<Reading | null>(null);
  const open = route.value.email;
  useEffect(() => {
    reading.value = { bodies: new Bodies(view.client), frames: new Frames(layer.current!, content.current!, t('reader.frame')) };
    onReading(reading.value);
  }, []);
  useEffect(() => {
    scroller.current!.scrollTop = 0;
  }, [open]);
  const row = open ? view.store.email(open).value : null;
  return (
    <section class={open ? 'reader-pane open' : 'reader-pane'} aria-label={t('reader.label')} data-keys="reader">
      {open && <ReaderToolbar view={view} id={open} row={row} />}
      <div class="reader-scroll" ref={scroller} tabIndex={-1}>
        <div class="reader-content" ref={content}>
          {open && reading.value ? <Conversation key={open} view={view} id={open} reading={reading.value} /> : <Nothing view={view} />}
          <div class="frames" ref={layer} />
        </div>
      </div>
    </section>
  );
}

function Nothing({ view }: { view: View }) {
  const marked = view.allMarked.value ? (view.list.value?.total.value ?? 0) : view.marked.value.size;
  return (
    <div class="empty reader-empty">
      <span class="empty-icon">
        <Icon name="all" size={36} />
      </span>
      <p>{marked > 0 ? t('list.marked', { n: marked }) : t('reader.nothing')}</p>
      {preferences.shortcuts.value && <p class="quiet">{t('reader.nothingNote')}</p>}
    </div>
  );
}

function ReaderToolbar({ view, id, row }: { view: View; id: Id; row: ListEmail | null }) {
  const role = view.mailbox.value?.role;
  const step = (by: number) => {
    const list = view.list.peek();
    const ids = list?.ids.peek() ?? [];
    const next = ids[(list?.indexOf(id) ?? -1) + by];
    if (next) {
      view.cursor.value = next;
      go({ email: next }, true);
    }
  };
  return (
    <header class="reader-bar">
      <IconButton icon="back" class="reader-back" label={t('reader.back')} hint="u" onClick={() => go({ email: null })} />
      {role !== 'archive' && (
        <IconButton
          icon="archive"
          label={t('act.archive')}
          hint="e"
          onClick={() => {
            void view.takeOut(x => view.actions.archive(x, view.mailbox.peek()?.id ?? null));
          }}
        />
      )}
      <IconButton
        icon="trash"
        label={t('act.delete')}
        hint="#"
        onClick={() => {
          void discard(view);
        }}
      />
      <IconButton
        icon="junk"
        label={t(role === 'junk' ? 'act.notJunk' : 'act.junk')}
        hint="!"
        onClick={() => {
          void view.takeOut(x => view.actions.junk(x, role !== 'junk'));
        }}
      />
      <IconButton
        icon="unread"
        label={t('act.unread')}
        hint="⇧U"
        disabled={!row}
        onClick={() => {
          void view.actions.setKeyword({ ids: view.members(id) }, '$seen', false);
          go({ email: null });
        }}
      />
      <IconButton icon="move" label={t('act.move')} hint="v" onClick={() => folderPicker(view)} />
      <IconButton icon="more" label={t('act.more')} onClick={event => moreMenu(event, view)} />
      <span class="spring" />
      <IconButton icon="down" class="turned" label={t('reader.newer')} hint="k" onClick={() => step(-1)} />
      <IconButton icon="down" label={t('reader.older')} hint="j" onClick={() => step(1)} />
    </header>
  );
}

function Conversation({ view, id, reading }: { view: View; id: Id; reading: Reading }) {
  const row = view.store.email(id).value;
  const expanded = useSignal<ReadonlySet<Id>>(new Set([id]));
  const failed = useSignal(false);
  const settled = useRef(false);
  const load = () => {
    failed.value = false;
    (row ? Promise.resolve([row]) : view.store.rows([id]))
      .then(async ([email]) => {
        if (!email) {
          failed.value = true;
          return;
        }
        if (preferences.conversations.peek()) await view.store.conversation(email.threadId);
      })
      .catch(() => {
        failed.value = !view.store.email(id).peek();
      });
  };
  useEffect(load, [id]);
  const ids = row && preferences.conversations.value ? view.store.thread(row.threadId).value : [id];
  const trash = view.store.byRole('trash')?.id,
    here = view.mailbox.value?.role;
  const rows = (ids.length > 0 ? ids : [id])
    .map(one => view.store.email(one).value)
    .filter((e): e is ListEmail => e !== null)
    .filter(e => e.id === id || here === 'trash' || !trash || !(trash in e.mailboxIds));
  // Unread messages and the last one are open; the rest is there to be opened.
  useSignalEffect(() => {
    const first = view.store.email(id).value;
    if (!first || settled.current) return;
    const all = (preferences.conversations.value ? view.store.thread(first.threadId).value : [id]).map(one => view.store.email(one).value);
    if (all.length === 0 || all.some(e => e === null)) return;
    settled.current = true;
    const last = all.at(-1)!.id;
    expanded.value = new Set([
      id,
      last,
      ...all
        .filter(e => !e!.keywords['$seen'])
        .slice(0, 10)
        .map(e => e!.id),
    ]);
  });
  useEffect(() => {
    if (!row) return;
    const unread = view.members(id).filter(one => !view.store.email(one).peek()?.keywords['$seen']);
    const timer = setTimeout(() => {
      if (unread.length > 0) void view.actions.setKeyword({ ids: unread }, '$seen', true, true);
    }, 400);
    prefetch(view, id, reading);
    return () => clearTimeout(timer);
  }, [id, row === null]);
  useEffect(() => {
    reading.frames.place();
  });
  if (!row)
    return failed.value ? (
      <div class="empty" role="alert">
        <p>{t('reader.gone')}</p>
        <button type="button" class="button" onClick={load}>
          {t('retry')}
        </button>
      </div>
    ) : (
      <div class="conversation">
        <div class="subject waiting" />
      </div>
    );
  const places = [...new Set(rows.flatMap(e => Object.keys(e.mailboxIds)))]
    .map(m => view.store.mailboxes.value.get(m))
    .filter(m => m !== undefined);
  const toggle = (one: Id) => {
    const next = new Set(expanded.value);
    if (!next.delete(one)) next.add(one);
    expanded.value = next;
  };
  return (
    <article class="conversation" aria-label={row.subject || t('noSubject')}>
      <header class="subject">
        <h2 dir="auto">{row.subject || t('noSubject')}</h2>
        <p class="places">
          {places.map(m => (
            <span class="place" key={m.id} dir="auto">
              {mailboxName(m)}
            </span>
          ))}
          {rows.length > 1 && <span class="quiet">{t('reader.messages', { n: rows.length })}</span>}
        </p>
      </header>
      {rows.map((email, i) => (
        <Message
          key={email.id}
          view={view}
          email={email}
          reading={reading}
          isOpen={expanded.value.has(email.id)}
          isLast={i === rows.length - 1}
          isAlone={rows.length === 1}
          onToggle={() => toggle(email.id)}
        />
      ))}
    </article>
  );
}

function prefetch(view: View, id: Id, reading: Reading): void {
  const list = view.list.peek();
  const at = list?.indexOf(id) ?? -1;
  if (!list || at < 0) return;
  setTimeout(() => {
    for (const near of [list.ids.peek()[at + 1], list.ids.peek()[at - 1]]) if (near) void reading.bodies.get(near).catch(() => {});
  }, 150);
}
