import { t } from '../i18n';
import { downloadUrl } from '../jmap/transfer';
import type { FullEmail, ListEmail } from '../jmap/types';
import { openMenu, overlay } from '../app/dialog';
import { Icon, IconButton } from '../app/icons';
import type { View } from '../app/mailbox-view';
import type { MessageProps } from './message';
import { printMessage } from './print';
import type { Reading } from './reader';
import { SourceDialog } from './source';

export function MessageActs({ view, email, reading, isAlone, onToggle }: MessageProps) {
  const starred = !!email.keywords['$flagged'];
  const compose = (kind: 'reply' | 'replyAll' | 'forward') => {
    void import('../compose').then(c => c.answer(view, reading, email.id, kind));
  };
  const draft = email.keywords['$draft'];
  const more = (event: MouseEvent) => {
    const button = event.currentTarget as HTMLElement;
    void reading.bodies.get(email.id).then(full => {
      if (full) openMenu(button, t('act.more'), moreItems(view, email, full, compose));
    });
  };
  return (
    <div class="message-acts">
      <IconButton
        icon="star"
        class="row-star"
        filled={starred}
        pressed={starred}
        label={t(starred ? 'act.unstar' : 'act.star')}
        onClick={() => {
          void view.actions.setKeyword({ ids: [email.id] }, '$flagged', !starred, true);
        }}
      />
      {draft ? (
        <IconButton
          icon="compose"
          label={t('compose.continue')}
          onClick={() => {
            void import('../compose').then(c => c.openDraft(view, email.id));
          }}
        />
      ) : (
        <IconButton icon="reply" label={t('compose.reply')} hint="r" onClick={() => compose('reply')} />
      )}
      <IconButton icon="more" label={t('act.more')} onClick={more} />
      {!isAlone && <IconButton icon="minimise" label={t('reader.fold')} onClick={onToggle} />}
    </div>
  );
}

function moreItems(view: View, email: ListEmail, full: FullEmail, compose: (kind: 'reply' | 'replyAll' | 'forward') => void) {
  const session = view.client.session;
  const from = email.from?.[0];
  const name = `${(email.subject || t('noSubject')).replace(/[\\/:*?"<>|\u0000-\u001f]/g, '_').slice(0, 80)}.eml`;
  return [
    { label: t('compose.replyAll'), icon: 'replyAll' as const, hint: 'a', run: () => compose('replyAll') },
    { label: t('compose.forward'), icon: 'forward' as const, hint: 'f', run: () => compose('forward') },
    ...(from && view.client.has('urn:ietf:params:jmap:contacts')
      ? [
          {
            label: t('addToContacts'),
            icon: 'people' as const,
            run: () => {
              void import('../contacts/add').then(part => part.addSender(view, from));
            },
          },
        ]
      : []),
    null,
    { label: t('reader.print'), icon: 'print' as const, run: () => printMessage(email.id) },
    {
      label: t('reader.download'),
      icon: 'download' as const,
      href: downloadUrl(session, full.blobId, name, 'message/rfc822'),
      download: name,
      run: () => {},
    },
    {
      label: t('reader.headers'),
      icon: 'file' as const,
      run: () => {
        overlay.value = () => <SourceDialog view={view} email={full} headersOnly />;
      },
    },
    {
      label: t('reader.source'),
      icon: 'code' as const,
      run: () => {
        overlay.value = () => <SourceDialog view={view} email={full} />;
      },
    },
  ];
}

/** What an open message ends with. */
export function Answers({ view, reading, email }: { view: View; reading: Reading; email: FullEmail }) {
  const compose = (kind: 'reply' | 'replyAll' | 'forward') => {
    void import('../compose').then(c => c.answer(view, reading, email.id, kind));
  };
  const several = (email.to?.length ?? 0) + (email.cc?.length ?? 0) > 1;
  return (
    <div class="answers">
      <button type="button" class="button" onClick={() => compose('reply')}>
        <Icon name="reply" size={18} />
        {t('compose.reply')}
      </button>
      {several && (
        <button type="button" class="button" onClick={() => compose('replyAll')}>
          <Icon name="replyAll" size={18} />
          {t('compose.replyAll')}
        </button>
      )}
      <button type="button" class="button" onClick={() => compose('forward')}>
        <Icon name="forward" size={18} />
        {t('compose.forward')}
      </button>
    </div>
  );
}
