// What was deleted for good, and its way back while the server keeps it.
import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Dialog, closeOverlay, overlay } from '../app/dialog';
import type { View } from '../app/mailbox-view';
import { t } from '../i18n';
import { shortDate, longDate } from '../i18n/dates';
import type { EmailAddress, GetAnswer, Id } from '../jmap/types';
import { troubleText } from '../mail/actions';
import { nameOf } from '../mail/people';
import { notify } from '../mail/undo';

interface Expunged {
  id: Id;
  mailbox: string;
  expungedAt: string;
  from: EmailAddress[] | null;
  subject: string | null;
}

const properties = ['mailbox', 'expungedAt', 'from', 'subject'];

export function showExpunged(view: View): void {
  const rows = signal<readonly Expunged[] | null>(null),
    hasMore = signal(false);
  const load = view.client.call<GetAnswer<Expunged> & { hasMore: boolean }>('ExpungedEmail/get', { ids: null, properties });
  load.then(
    answer => {
      rows.value = answer.list;
      hasMore.value = answer.hasMore;
    },
    (error: unknown) => {
      closeOverlay();
      notify({ kind: 'trouble', text: troubleText(error) });
    },
  );
  overlay.value = () => <ExpungedDialog view={view} rows={rows.value} hasMore={hasMore.value} />;
}

function ExpungedDialog({ view, rows, hasMore }: { view: View; rows: readonly Expunged[] | null; hasMore: boolean }) {
  const marked = useSignal<ReadonlySet<Id>>(new Set());
  useEffect(() => {
    marked.value = new Set();
  }, [rows]);
  const toggle = (id: Id) => {
    const next = new Set(marked.peek());
    if (!next.delete(id)) next.add(id);
    marked.value = next;
  };
  const restore = () => {
    closeOverlay();
    void view.actions.restore([...marked.peek()]);
  };
  return (
    <Dialog title={t('expunged.title')} onClose={closeOverlay} wide>
      <p class="dialog-text quiet">{t('expunged.note', { n: view.client.daysOfExpunged() })}</p>
      {rows === null ? (
        <p class="dialog-text">{t('loading')}</p>
      ) : rows.length === 0 ? (
        <p class="dialog-text">{t('expunged.none')}</p>
      ) : (
        <div class="choices expunged" role="group" aria-label={t('expunged.title')}>
          {rows.map(row => (
            <label key={row.id} class="choice">
              <input type="checkbox" checked={marked.value.has(row.id)} onChange={() => toggle(row.id)} />
              <span class="expunged-text">
                <b dir="auto">{row.from?.[0] ? nameOf(row.from[0]) : t('list.nobody')}</b>
                <span dir="auto">{row.subject || t('noSubject')}</span>
                <span class="quiet" dir="auto">
                  {row.mailbox}
                </span>
              </span>
              <time dateTime={row.expungedAt} title={longDate(row.expungedAt)}>
                {shortDate(row.expungedAt)}
              </time>
            </label>
          ))}
          {hasMore && <p class="quiet">{t('expunged.more', { n: rows.length })}</p>}
        </div>
      )}
      <footer class="dialog-foot">
        {!!rows?.length && (
          <button
            type="button"
            class="text-button"
            onClick={() => {
              marked.value = marked.value.size === rows.length ? new Set() : new Set(rows.map(row => row.id));
            }}
          >
            {t('list.markAll')}
          </button>
        )}
        <span class="spring" />
        <button type="button" class="button" onClick={closeOverlay}>
          {t('cancel')}
        </button>
        <button type="button" class="button primary" disabled={marked.value.size === 0} onClick={restore}>
          {t('expunged.restore')}
        </button>
      </footer>
    </Dialog>
  );
}
