import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { t } from '../i18n';
import type { Id } from '../jmap/types';
import { go, route } from '../app/route';
import { isNarrow, type View } from '../app/mailbox-view';
import { mailboxName } from '../mail/names';
import { troubleText } from '../mail/actions';
import { AwayBar } from './away-bar';
import { EmptyList } from './empty';
import { Row, rowHeight, type RowActs } from './row';
import { ListToolbar } from './toolbar';
import { scrollFor, windowOf } from './window';

/** The list of mail: of any length, but only the rows in sight are in the document. */
export function ListPane({ view }: { view: View }) {
  const list = view.list.value;
  const place = view.mailbox.value;
  const title = route.value.search !== null ? t('search.results') : place ? mailboxName(place) : '';
  const total = list?.total.value ?? null;
  return (
    <section class="list-pane" aria-label={title}>
      <ListToolbar view={view} title={title} total={total} />
      <AwayBar view={view} />
      {list?.error.value && total === null ? (
        <Trouble
          error={list.error.value}
          retry={() => {
            void list.refresh();
          }}
        />
      ) : total === 0 ? (
        <EmptyList view={view} />
      ) : (
        <Rows view={view} key={list?.query ? JSON.stringify(list.query) : ''} />
      )}
    </section>
  );
}

function Trouble({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div class="empty" role="alert">
      <p>{troubleText(error)}</p>
      <button type="button" class="button" onClick={retry}>
        {t('retry')}
      </button>
    </div>
  );
}

function Rows({ view }: { view: View }) {
  const ref = useRef<HTMLDivElement>(null);
  const scroll = useSignal(0),
    height = useSignal(typeof innerHeight === 'undefined' ? 800 : innerHeight);
  const list = view.list.value;
  const total = list?.total.value ?? null;
  const acts = useActs(view);
  useEffect(() => {
    const element = ref.current!;
    const observer = new ResizeObserver(() => {
      height.value = element.clientHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // New rows above what is being read: the list stays where it was looked at.
  const moved = useRef(0);
  useSignalEffect(() => {
    const now = view.list.value?.moved.value ?? 0;
    const by = now - moved.current;
    moved.current = now;
    if (by > 0 && ref.current) ref.current.scrollTop += by * rowHeight;
  });
  useSignalEffect(() => {
    const id = view.cursor.value,
      element = ref.current;
    if (!id || !element) return;
    const index = view.list.peek()?.indexOf(id) ?? -1;
    const to = index < 0 ? null : scrollFor(index, element.scrollTop, element.clientHeight, rowHeight);
    if (to !== null) element.scrollTop = to;
  });
  const ids = list?.ids.value ?? [];
  const shown = windowOf(scroll.value, height.value, rowHeight, total ?? Math.ceil(height.value / rowHeight));
  const { from, to } = shown;
  useEffect(() => {
    list?.want(from, to);
  }, [list, from, to, total]);
  const rows = [];
  for (let i = from; i < to; i++) rows.push(<Row key={ids[i] ?? `hole-${i}`} view={view} acts={acts} id={ids[i]} index={i} />);
  return (
    <div
      class="rows"
      ref={ref}
      role="grid"
      tabIndex={0}
      aria-label={t('list.label')}
      aria-rowcount={total ?? -1}
      aria-multiselectable="true"
      data-keys="list"
      aria-activedescendant={view.cursor.value ? `row-${view.cursor.value}` : undefined}
      onScroll={event => {
        scroll.value = event.currentTarget.scrollTop;
      }}
    >
      <div class="rows-all" role="presentation" style={{ height: `${(total ?? to) * rowHeight}px` }}>
        {rows}
      </div>
    </div>
  );
}

function useActs(view: View): RowActs {
  return useMemo(() => {
    const one = (id: Id) => ({ ids: view.members(id) });
    const alone = (id: Id, act: () => Promise<void>) => {
      view.marked.value = new Set([id]);
      void act();
    };
    return {
      open: (id: Id) => openRow(view, id),
      mark: (id: Id, range: boolean) => mark(view, id, range),
      star: (id: Id) => {
        const starred = one(id).ids.some(m => view.store.email(m).peek()?.keywords['$flagged']);
        void view.actions.setKeyword(starred ? one(id) : { ids: [id] }, '$flagged', !starred, true);
      },
      archive: (id: Id) => alone(id, () => view.takeOut(targets => view.actions.archive(targets, view.mailbox.peek()?.id ?? null))),
      trash: (id: Id) => alone(id, () => discard(view)),
      toggleRead: (id: Id) => {
        const row = view.store.email(id).peek();
        if (row) void view.actions.setKeyword(one(id), '$seen', view.isUnread(row), true);
      },
      drag: (id: Id, event: DragEvent) => {
        if (!view.marked.peek().has(id)) view.marked.value = new Set();
        view.cursor.value = id;
        event.dataTransfer?.setData('application/x-aviso-row', id);
        if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move';
      },
    };
  }, [view]);
}

/** Into the trash; out of the trash for good, when that is where it lies. */
export function discard(view: View): Promise<void> {
  const role = view.mailbox.peek()?.role;
  if (role !== 'trash') return view.takeOut(targets => view.actions.trash(targets));
  const rows = new Set(view.rows());
  return view.takeOut(targets => view.actions.destroy(targets, () => view.list.peek()?.hide(rows)));
}

export function openRow(view: View, id: Id): void {
  const first = route.peek().email === null;
  view.cursor.value = id;
  const row = view.store.email(id).peek();
  if (row?.keywords['$draft'] && view.members(id).length <= 1) {
    void import('../compose').then(c => c.openDraft(view, id));
    return;
  }
  go({ email: id }, !first && !isNarrow());
}

let anchor: Id | null = null;
function mark(view: View, id: Id, range: boolean): void {
  const next = new Set(view.marked.peek());
  view.allMarked.value = false;
  const ids = view.list.peek()?.ids.peek() ?? [];
  const [a, b] = [anchor ? ids.indexOf(anchor) : -1, ids.indexOf(id)].sort((x, y) => x - y) as [number, number];
  if (range && a >= 0) {
    for (let i = a; i <= b; i++) {
      const one = ids[i];
      if (one) next.add(one);
    }
  } else if (next.has(id)) next.delete(id);
  else next.add(id);
  anchor = id;
  view.marked.value = next;
  view.cursor.value = id;
}

export const toggleMark = (view: View, id: Id): void => mark(view, id, false);
