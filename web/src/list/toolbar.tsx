import { t } from '../i18n';
import type { View } from '../app/mailbox-view';
import { IconButton } from '../app/icons';
import { openMenu } from '../app/dialog';
import { folderPicker } from '../app/folder-picker';
import { expunged } from './empty';
import { discard } from './pane';

/** The head of the list: its name, or, when rows are marked, what can be done with them. Same height, so that nothing jumps. */
export function ListToolbar({ view, title, total }: { view: View; title: string; total: number | null }) {
  const marked = view.marked.value.size,
    all = view.allMarked.value;
  const some = marked > 0 || all;
  const role = view.mailbox.value?.role;
  return (
    <div class="list-head-all">
      <header class={some ? 'list-head marking' : 'list-head'}>
        <input
          type="checkbox"
          class="list-all"
          aria-label={t('list.markAll')}
          title={t('list.markAll')}
          checked={all || (marked > 0 && marked === total)}
          ref={box => {
            if (box) box.indeterminate = marked > 0 && !all && marked !== total;
          }}
          disabled={!total}
          onChange={() => {
            if (some) unmark(view);
            else markSeen(view);
          }}
        />
        {some ? (
          <>
            <span class="list-marked" aria-live="polite">
              {t('list.marked', { n: all ? (total ?? 0) : marked })}
            </span>
            <span class="spring" />
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
            <IconButton icon="move" label={t('act.move')} hint="v" onClick={() => folderPicker(view)} />
            <IconButton icon="more" label={t('act.more')} onClick={event => moreMenu(event, view)} />
          </>
        ) : (
          <>
            <h1 class="list-title" dir="auto">
              {title}
            </h1>
            {total !== null && total > 0 && <span class="list-total">{total.toLocaleString(document.documentElement.lang)}</span>}
            <span class="spring" />
            {role === 'trash' && view.client.daysOfExpunged() > 0 && (
              <IconButton icon="undo" label={t('expunged.title')} onClick={() => expunged(view)} />
            )}
            {(role === 'trash' || role === 'junk') && !!total && (
              <button type="button" class="button small" onClick={() => empty(view)}>
                {t(role === 'trash' ? 'list.emptyTrash' : 'list.emptyJunk')}
              </button>
            )}
            <IconButton icon="read" label={t('list.readAll')} disabled={!total} onClick={() => readAll(view)} />
          </>
        )}
      </header>
      {marked > 0 && !all && total !== null && total > marked && (
        <div class="list-whole">
          <button
            type="button"
            class="text-button"
            onClick={() => {
              view.allMarked.value = true;
            }}
          >
            {t('list.markWhole', { n: total })}
          </button>
        </div>
      )}
    </div>
  );
}

function unmark(view: View): void {
  view.marked.value = new Set();
  view.allMarked.value = false;
}

// What has been in sight; the whole result is one more step.
function markSeen(view: View): void {
  view.marked.value = new Set((view.list.peek()?.ids.peek() ?? []).filter(id => id !== undefined));
}

function readAll(view: View): void {
  const list = view.list.peek();
  if (list)
    void view.actions.setKeyword(
      {
        query: { ...list.query, filter: { operator: 'AND', conditions: [list.query.filter, { notKeyword: '$seen' }] } },
        count: list.total.peek() ?? 0,
      },
      '$seen',
      true,
    );
}

function empty(view: View): void {
  view.allMarked.value = true;
  const list = view.list.peek();
  if (!list) return;
  void view.actions.destroy({ query: list.query, count: list.total.peek() ?? 0 }, () => {
    list.hide(new Set(list.ids.peek().filter(id => id !== undefined)));
    unmark(view);
  });
}

export function moreMenu(event: MouseEvent | HTMLElement, view: View): void {
  const act = (name: string, on: boolean) => {
    const targets = view.targets();
    if (targets) void view.actions.setKeyword(targets, name, on);
  };
  const junk = view.mailbox.peek()?.role === 'junk';
  openMenu(event, t('act.more'), [
    { label: t('act.read'), icon: 'read', hint: '⇧I', run: () => act('$seen', true) },
    { label: t('act.unread'), icon: 'unread', hint: '⇧U', run: () => act('$seen', false) },
    { label: t('act.star'), icon: 'star', hint: 's', run: () => act('$flagged', true) },
    { label: t('act.unstar'), icon: 'star', run: () => act('$flagged', false) },
    null,
    {
      label: t(junk ? 'act.notJunk' : 'act.junk'),
      icon: 'junk',
      hint: '!',
      run: () => {
        void view.takeOut(x => view.actions.junk(x, !junk));
      },
    },
  ]);
}
