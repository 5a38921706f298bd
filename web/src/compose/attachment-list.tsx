import { t } from '../i18n';
import { bytes } from '../i18n/dates';
import { Icon } from '../app/icons';
import type { Uploads } from './attaching';
import type { Composition } from './composition';

/** What is attached and what is on its way up. */
export function AttachmentList({ one, uploads }: { one: Composition; uploads: Uploads }) {
  const attached = one.draft.value.attachments.filter(a => a.cid === null),
    sending = uploads.list.value;
  if (attached.length + sending.length === 0) return null;
  return (
    <ul class="composer-attachments" aria-label={t('compose.attachments')}>
      {attached.map(a => (
        <li key={a.blobId + a.name} class="chip file">
          <Icon name="file" size={16} />
          <bdi>{a.name}</bdi>
          <span class="quiet">{bytes(a.size)}</span>
          <button
            type="button"
            aria-label={t('compose.remove', { name: a.name })}
            onClick={() => one.change({ attachments: one.draft.peek().attachments.filter(b => b !== a) })}
          >
            <Icon name="close" size={14} />
          </button>
        </li>
      ))}
      {sending.map(s => (
        <li key={s.id} class={s.trouble.value ? 'chip file wrong' : 'chip file'}>
          <bdi>{s.name}</bdi>
          {s.trouble.value ? (
            <>
              <span>{s.trouble.value}</span>
              <button type="button" class="text-button" onClick={s.retry}>
                {t('retry')}
              </button>
            </>
          ) : (
            <progress max={1} value={s.share.value} aria-label={t('attach.progress', { name: s.name })} />
          )}
          <button type="button" aria-label={t('compose.remove', { name: s.name })} onClick={s.cancel}>
            <Icon name="close" size={14} />
          </button>
        </li>
      ))}
    </ul>
  );
}
