import { t } from '../i18n';
import type { View } from '../app/mailbox-view';
import { route } from '../app/route';
import { Icon, type IconName } from '../app/icons';

export function expunged(view: View): void {
  void import('./expunged').then(part => part.showExpunged(view));
}

/** Nothing here, said in a way that fits the place. */
export function EmptyList({ view }: { view: View }) {
  const role = view.mailbox.value?.role;
  const icon: IconName =
    route.value.search !== null
      ? 'search'
      : role === 'inbox'
        ? 'check'
        : role === 'trash' || role === 'junk' || role === 'sent' || role === 'drafts' || role === 'archive'
          ? role
          : 'folder';
  const text =
    route.value.search !== null
      ? t('empty.search')
      : role === 'inbox'
        ? t('empty.inbox')
        : role === 'trash'
          ? t('empty.trash')
          : role === 'junk'
            ? t('empty.junk')
            : role === 'drafts'
              ? t('empty.drafts')
              : role === 'sent'
                ? t('empty.sent')
                : t('empty.folder');
  const note = route.value.search !== null ? t('empty.searchNote') : role === 'inbox' ? t('empty.inboxNote') : null;
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={36} />
      </span>
      <p>{text}</p>
      {note && <p class="quiet">{note}</p>}
      {role === 'trash' && view.client.daysOfExpunged() > 0 && (
        <button type="button" class="text-button" onClick={() => expunged(view)}>
          {t('expunged.title')}
        </button>
      )}
    </div>
  );
}
