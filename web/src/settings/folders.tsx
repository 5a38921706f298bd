import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { bytes } from '../i18n/dates';
import { s } from '../i18n/settings';
import { ask as question } from '../app/dialog';
import { Icon, IconButton } from '../app/icons';
import type { View } from '../app/mailbox-view';
import { folderIcon } from '../app/sidebar';
import type { GetAnswer, Id, Mailbox, Quota } from '../jmap/types';
import { troubleText } from '../mail/actions';
import { mailboxName, tree } from '../mail/names';
import { did, notify } from '../mail/undo';
import { draftOf, dropDraft, part } from './drafts';
import { useFetched } from './fetched';
import { placesFor, removeFolder, saveFolder, subscribe, type FolderForm } from './folder';
import { Card, Choice, Form, Loaded, Small, Text } from './form';
import { FieldError, useWork } from './work';

/** Folders, and how much room there is. */
export function Folders({ view }: { view: View }) {
  const open = useSignal<Id | '' | null>(null);
  const all = view.store.mailboxes.value;
  const done = () => {
    open.value = null;
  };
  const sorry = (error: unknown): void => {
    notify({ kind: 'trouble', text: error instanceof FieldError ? error.message : troubleText(error) });
  };
  const remove = (mailbox: Mailbox) =>
    question(
      s('folder.removeTitle', { name: mailbox.name }),
      <p>{mailbox.totalEmails > 0 ? s('folder.removeNote', { n: mailbox.totalEmails }) : s('folder.removeEmpty')}</p>,
      s('remove'),
      () => {
        removeFolder(view, mailbox).then(
          back => did({ label: s('folder.removed', { name: mailbox.name }), undo: () => back().catch(sorry) }, t('undo')),
          sorry,
        );
      },
      true,
    );
  return (
    <>
      <Space view={view} />
      <Card title={t('folders')} note={s('folder.note')}>
        <ul class="things">
          {tree(all).map(({ mailbox, depth }) => {
            const name = mailboxName(mailbox);
            return (
              <li key={mailbox.id} class="thing folder-row" style={{ '--depth': String(Math.min(depth, 6)) }}>
                {open.value === mailbox.id ? (
                  <FolderEditor view={view} mailbox={mailbox} onDone={done} />
                ) : (
                  <>
                    <Icon name={folderIcon(mailbox)} />
                    <span class="thing-text">
                      <strong dir="auto">{name}</strong>
                      <small class="quiet">{t('reader.messages', { n: mailbox.totalEmails })}</small>
                    </span>
                    <label class="switch">
                      <input
                        type="checkbox"
                        aria-label={s('folder.shownOf', { name })}
                        checked={mailbox.isSubscribed}
                        onChange={event => {
                          void subscribe(view, mailbox, event.currentTarget.checked).catch(sorry);
                        }}
                      />
                      <span class="wide-only">{s('folder.shown')}</span>
                    </label>
                    <span class="thing-acts">
                      {mailbox.role === null && mailbox.myRights['mayRename'] !== false && (
                        <IconButton
                          icon="compose"
                          label={s('editOf', { name })}
                          onClick={() => {
                            open.value = mailbox.id;
                          }}
                        />
                      )}
                      {mailbox.role === null && mailbox.myRights['mayDelete'] !== false && (
                        <IconButton icon="trash" label={s('removeOf', { name })} onClick={() => remove(mailbox)} />
                      )}
                    </span>
                  </>
                )}
              </li>
            );
          })}
        </ul>
        {open.value === '' ? (
          <FolderEditor view={view} mailbox={null} onDone={done} />
        ) : (
          <div class="card-foot">
            <Small
              onClick={() => {
                open.value = '';
              }}
            >
              {s('folder.new')}
            </Small>
          </div>
        )}
      </Card>
    </>
  );
}

function FolderEditor({ view, mailbox, onDone }: { view: View; mailbox: Mailbox | null; onDone: () => void }) {
  const key = `folder ${mailbox?.id ?? ''}`;
  const form = draftOf<FolderForm>(key, { name: mailbox?.name ?? '', parentId: mailbox?.parentId ?? null }),
    work = useWork();
  const all = view.store.mailboxes.value;
  const places: [string, string][] = [
    ['', s('folder.top')],
    ...tree(all)
      .filter(({ mailbox: other }) => placesFor(mailbox, all)(other))
      .map(({ mailbox: other, depth }): [string, string] => [other.id, `${'   '.repeat(depth)}${mailboxName(other)}`]),
  ];
  const end = () => {
    dropDraft(key);
    onDone();
  };
  useEffect(() => {
    document.querySelector<HTMLElement>('.settings .form input')?.focus();
  }, []);
  return (
    <Form
      work={work}
      submit={s('save')}
      onCancel={end}
      onSubmit={async () => {
        await saveFolder(view, mailbox, form.peek());
        notify({ text: s('saved') });
        end();
      }}
    >
      <Text of={part(form, 'name')} label={s('folder.name')} maxLength={200} trouble={work.troubles.value['name']} />
      <Choice
        label={s('folder.place')}
        value={form.value.parentId ?? ''}
        options={places}
        trouble={work.troubles.value['parentId']}
        onChange={to => {
          form.value = { ...form.peek(), parentId: to || null };
        }}
      />
    </Form>
  );
}

function Space({ view }: { view: View }) {
  const quotas = useFetched(async () =>
    view.client.has('urn:ietf:params:jmap:quota')
      ? (await view.client.call<GetAnswer<Quota>>('Quota/get', { ids: null })).list.filter(q => q.hardLimit > 0)
      : [],
  );
  return (
    <Card title={s('space.title')}>
      <Loaded of={quotas.value} retry={quotas.again}>
        {all =>
          all.length === 0 ? (
            <p class="quiet">{s('space.none')}</p>
          ) : (
            <>
              {all.map(quota => {
                const write = (n: number) => (quota.resourceType === 'octets' ? bytes(n) : t('reader.messages', { n }));
                const text = t('quota', { used: write(quota.used), limit: write(quota.hardLimit) });
                return (
                  <p key={quota.id} class={quota.used > quota.hardLimit * 0.9 ? 'space full' : 'space'}>
                    <progress max={1} value={Math.min(1, quota.used / quota.hardLimit)} aria-label={text} />
                    <span>{text}</span>
                  </p>
                );
              })}
            </>
          )
        }
      </Loaded>
    </Card>
  );
}
