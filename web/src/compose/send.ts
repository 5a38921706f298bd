// The post. A letter waits a little, so that it can be called back: on the server when it can wait there (FUTURERELEASE, RFC 4865), else here.
import { MethodError, RecordError } from '../jmap/errors';
import type { Id, SetAnswer } from '../jmap/types';
import { t, type Key } from '../i18n';
import { en } from '../i18n/en';
import { preferences } from '../app/preferences';
import { troubleText } from '../mail/actions';
import { keyword } from '../mail/patch';
import { dismiss, notify } from '../mail/undo';
import type { Composition } from './composition';

interface Submission {
  id: Id;
  undoStatus: 'pending' | 'final' | 'canceled';
}

const waitsThere = (one: Composition): boolean => {
  const account = one.view.client.session.accounts[one.view.client.accountFor('EmailSubmission/set')];
  const said = account?.accountCapabilities['urn:ietf:params:jmap:submission']?.['maxDelayedSend'];
  return typeof said === 'number' && said >= preferences.undoSeconds.peek() + 5;
};

/** The letter has been saved. `reopen` brings it back for more. */
export async function post(one: Composition, reopen: (trouble: string | null) => void): Promise<void> {
  const seconds = preferences.undoSeconds.peek();
  if (seconds === 0) await submit(one, 0, reopen);
  else if (waitsThere(one)) await submit(one, seconds, reopen);
  else waitHere(one, seconds, reopen);
}

function waitHere(one: Composition, seconds: number, reopen: (trouble: string | null) => void): void {
  let over = false;
  const go = () => {
    if (over) return;
    over = true;
    removeEventListener('pagehide', go);
    dismiss(notice);
    void submit(one, 0, reopen);
  };
  const timer = setTimeout(go, seconds * 1000);
  // Who closes the page has not called it back.
  addEventListener('pagehide', go);
  const notice = notify({
    text: t('send.sending'),
    stays: seconds * 1000,
    action: {
      label: t('undo'),
      run: () => {
        over = true;
        clearTimeout(timer);
        removeEventListener('pagehide', go);
        dismiss(notice);
        reopen(null);
      },
    },
  });
}

async function submit(one: Composition, hold: number, reopen: (trouble: string | null) => void): Promise<void> {
  const { view, serverId } = one;
  try {
    const [sent, drafts] = [await view.actions.ensure('sent'), view.store.byRole('drafts')];
    const from = one.from();
    const draft = one.draft.peek();
    const recipients = [...new Map([...draft.to, ...draft.cc, ...draft.bcc].map(a => [a.email.toLowerCase(), a.email])).values()];
    // RFC 4865 §4: HOLDFOR in seconds; a little longer than the button is there.
    const parameters = hold > 0 ? { HOLDFOR: String(hold + 5) } : null;
    const answer = await view.client.call<SetAnswer<Submission>>('EmailSubmission/set', {
      create: {
        s: {
          identityId: one.identity()?.id,
          emailId: serverId,
          envelope: { mailFrom: { email: from.email, parameters }, rcptTo: recipients.map(email => ({ email, parameters: null })) },
        },
      },
      onSuccessUpdateEmail: {
        '#s': {
          ...keyword('$draft', false),
          ...(sent ? { [`mailboxIds/${sent.id}`]: true } : {}),
          ...(sent && drafts ? { [`mailboxIds/${drafts.id}`]: null } : {}),
        },
      },
    });
    const made = answer.created?.['s'];
    if (!made) throw new RecordError(answer.notCreated?.['s'] ?? { type: 'serverFail' });
    one.forget();
    const source = draft.source;
    if (source) void view.actions.setKeyword({ ids: [source.id] }, source.keyword, true, true).catch(() => {});
    void view.store.sync();
    if (hold > 0) offerCancel(one, made.id, hold, reopen);
    else notify({ text: t('send.sent') });
  } catch (error) {
    reopen(sendTrouble(error));
  }
}

function offerCancel(one: Composition, submission: Id, seconds: number, reopen: (trouble: string | null) => void): void {
  const notice = notify({
    text: t('send.sent'),
    stays: seconds * 1000,
    action: {
      label: t('undo'),
      run: () => {
        dismiss(notice);
        void cancel(one, submission, reopen);
      },
    },
  });
}

async function cancel(one: Composition, submission: Id, reopen: (trouble: string | null) => void): Promise<void> {
  const { view } = one;
  const [sent, drafts] = [view.store.byRole('sent'), view.store.byRole('drafts')];
  const back = {
    ...keyword('$draft', true),
    ...(drafts ? { [`mailboxIds/${drafts.id}`]: true } : {}),
    ...(sent ? { [`mailboxIds/${sent.id}`]: null } : {}),
  };
  try {
    const answer = await view.client.call<SetAnswer<Submission>>('EmailSubmission/set', {
      update: { [submission]: { undoStatus: 'canceled' } },
      onSuccessUpdateEmail: { [submission]: back },
    });
    const error = answer.notUpdated?.[submission];
    if (error) throw new RecordError(error);
    void view.store.sync();
    reopen(null);
  } catch (error) {
    notify({ kind: 'trouble', text: error instanceof RecordError ? t('send.cannotUnsend') : troubleText(error), stays: 0 });
  }
}

/** RFC 8621 §7.5: why it was not taken, in words. */
export function sendTrouble(error: unknown): string {
  if (error instanceof MethodError) return t('send.failed', { why: error.description ?? error.type });
  if (!(error instanceof RecordError)) return troubleText(error);
  const key = `send.${error.error.type}`;
  return key in en ? t(key as Key) : t('send.failed', { why: error.message });
}
