import { useSignal, type Signal } from '@preact/signals';
import { t } from '../i18n';
import { ask } from '../app/dialog';
import { isAddress } from '../mail/people';
import type { Uploads } from './attaching';
import type { Composition } from './composition';
import { promised } from './reminder';
import { post } from './send';

export interface Sending {
  /** What is wrong with the recipients. */
  toTrouble: Signal<string | null>;
  trouble: Signal<string | null>;
  busy: Signal<boolean>;
  send(): void;
}

/** Looks a letter over, saves it and hands it to the post. */
export function useSending(
  one: Composition,
  uploads: Uploads,
  first: string | null,
  onClose: () => void,
  onReopen: (trouble: string | null) => void,
): Sending {
  const toTrouble = useSignal<string | null>(null),
    trouble = useSignal(first),
    busy = useSignal(false);
  const isReady = (sure: boolean): boolean => {
    one.collect();
    const now = one.draft.peek();
    const all = [...now.to, ...now.cc, ...now.bcc];
    const wrong = all.find(a => !isAddress(a.email));
    toTrouble.value = all.length === 0 ? t('compose.nobody') : wrong ? t('compose.wrongAddress', { address: wrong.email }) : null;
    if (toTrouble.value) return false;
    if (uploads.list.value.length > 0) {
      trouble.value = t(uploads.busy ? 'compose.uploading' : 'compose.uploadFailed');
      return false;
    }
    if (sure) return true;
    const anyway = () => {
      void send(true);
    };
    const word = now.attachments.some(a => a.cid === null) ? null : promised(now.subject, one.plainText());
    if (word) ask(t('compose.forgotten'), <p>{t('compose.forgottenText', { word })}</p>, t('compose.sendAnyway'), anyway);
    else if (now.subject.trim() === '') ask(t('compose.noSubject'), <p>{t('compose.noSubjectText')}</p>, t('compose.sendAnyway'), anyway);
    else return true;
    return false;
  };
  const send = async (sure: boolean) => {
    if (busy.value || !isReady(sure)) return;
    busy.value = true;
    one.isMeant();
    await one.save();
    busy.value = false;
    if (one.state.peek() !== 'saved' || !one.serverId) {
      trouble.value = one.trouble.value ?? t('trouble.offline');
      return;
    }
    onClose();
    await post(one, onReopen);
  };
  return {
    toTrouble,
    trouble,
    busy,
    send: () => {
      void send(false);
    },
  };
}
