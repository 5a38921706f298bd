import { t } from '../i18n';
import { Icon } from '../app/icons';
import type { View } from '../app/mailbox-view';
import { go } from '../app/route';
import { troubleText } from '../mail/actions';
import { did, notify } from '../mail/undo';
import { isAnswering, setVacation, vacation } from './away';

/** While others hear that one is away. */
export function AwayBar({ view }: { view: View }) {
  if (!isAnswering(vacation.value)) return null;
  const turn = async (isEnabled: boolean) => {
    try {
      await setVacation(view.client, { isEnabled });
      if (!isEnabled) did({ label: t('away.ended'), undo: () => turn(true) }, t('undo'));
    } catch (error) {
      notify({ kind: 'trouble', text: troubleText(error) });
    }
  };
  return (
    <div class="away-bar" role="status">
      <Icon name="clock" size={18} />
      <span>{t('away.on')}</span>
      <button type="button" class="text-button" onClick={() => go({ settings: 'vacation' })}>
        {t('menu.settings')}
      </button>
      <button
        type="button"
        class="text-button"
        onClick={() => {
          void turn(false);
        }}
      >
        {t('away.off')}
      </button>
    </div>
  );
}
