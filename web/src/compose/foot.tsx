import { t } from '../i18n';
import { Icon, IconButton } from '../app/icons';
import type { Composition } from './composition';
import { switchForm } from './form';

/** Sending, attaching, and how safe the letter is. */
export function ComposerFoot({
  one,
  busy,
  onSend,
  onAttach,
  onDiscard,
}: {
  one: Composition;
  busy: boolean;
  onSend: () => void;
  onAttach: (files: File[], inText: boolean) => void;
  onDiscard: () => void;
}) {
  const draft = one.draft.value;
  return (
    <footer class="composer-foot">
      <button type="button" class="button primary" title="Ctrl+Enter" aria-disabled={busy} onClick={onSend}>
        <Icon name="sent" size={18} />
        {t('compose.send')}
      </button>
      <label class="icon-button" title={t('compose.attach')}>
        <Icon name="attach" />
        <span class="unseen">{t('compose.attach')}</span>
        <input
          type="file"
          multiple
          class="unseen"
          onChange={event => {
            onAttach(Array.from(event.currentTarget.files ?? []), false);
            event.currentTarget.value = '';
          }}
        />
      </label>
      {draft.rich && (
        <label class="icon-button" title={t('compose.image')}>
          <Icon name="image" />
          <span class="unseen">{t('compose.image')}</span>
          <input
            type="file"
            multiple
            accept="image/png,image/jpeg,image/gif,image/webp"
            class="unseen"
            onChange={event => {
              onAttach(Array.from(event.currentTarget.files ?? []), true);
              event.currentTarget.value = '';
            }}
          />
        </label>
      )}
      <IconButton icon="plain" pressed={!draft.rich} label={t('compose.plain')} onClick={() => switchForm(one)} />
      <span class="composer-state" role="status">
        {stateText(one)}
      </span>
      <IconButton icon="trash" label={t('compose.discard')} onClick={onDiscard} />
    </footer>
  );
}

function stateText(one: Composition): string {
  switch (one.state.value) {
    case 'saving':
      return t('compose.saving');
    case 'saved':
      return t('compose.saved');
    case 'local':
      return t('compose.savedHere');
    default:
      return '';
  }
}
