import { t } from '../i18n';
import { dismiss, notices } from '../mail/undo';
import { IconButton } from './icons';

/** What was done and can be undone, what went wrong, what runs: said aloud by screen readers too. */
export function Notices() {
  return (
    <div class="notices">
      <div role="status" aria-live="polite">
        {notices.value
          .filter(n => n.kind !== 'trouble')
          .map(one => (
            <div class="notice" key={one.id}>
              <span>{one.text}</span>
              {one.share !== undefined && <progress max={1} value={one.share} aria-label={one.text} />}
              {one.action && (
                <button type="button" class="notice-action" onClick={one.action.run}>
                  {one.action.label}
                </button>
              )}
              {one.kind !== 'busy' && <IconButton icon="close" label={t('close')} onClick={() => dismiss(one.id)} />}
            </div>
          ))}
      </div>
      <div role="alert">
        {notices.value
          .filter(n => n.kind === 'trouble')
          .map(one => (
            <div class="notice trouble" key={one.id}>
              <span>{one.text}</span>
              {one.action && (
                <button type="button" class="notice-action" onClick={one.action.run}>
                  {one.action.label}
                </button>
              )}
              <IconButton icon="close" label={t('close')} onClick={() => dismiss(one.id)} />
            </div>
          ))}
      </div>
    </div>
  );
}
