import { t } from '../i18n';
import { did } from '../mail/undo';
import type { Composition } from './composition';
import type { Draft } from './draft';

/** Throws a letter away, after a while in which it can be had back; a page that is closed meanwhile throws nothing away. */
export function discard(one: Composition, onClose: () => void, reopen: (draft: Draft) => void): void {
  const isNothing = one.isBlank && one.serverId === null;
  one.keep();
  const gone = one.draft.peek();
  one.end();
  onClose();
  if (isNothing) {
    one.forget();
    return;
  }
  const timer = setTimeout(() => {
    void throwAway(one);
  }, 10_000);
  did(
    {
      label: t('compose.discarded'),
      undo: async () => {
        clearTimeout(timer);
        reopen(gone);
      },
    },
    t('undo'),
  );
}

async function throwAway(one: Composition): Promise<void> {
  // What was being saved at that moment is there by now.
  await one.settled();
  one.forget();
  if (!one.serverId) return;
  await one.view.client.call('Email/set', { destroy: [one.serverId] }).catch(() => {});
  await one.view.store.sync();
}
