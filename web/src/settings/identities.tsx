import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { s } from '../i18n/settings';
import { preferences } from '../app/preferences';
import type { View } from '../app/mailbox-view';
import { identities } from '../compose/identities';
import type { Identity } from '../jmap/types';
import { troubleText } from '../mail/actions';
import { did, notify } from '../mail/undo';
import { draftOf, dropDraft, part } from './drafts';
import { useFetched } from './fetched';
import { Card, Form, Loaded, Small, Switch, Text } from './form';
import { formOf, readIdentities, removeIdentity, saveIdentity, type IdentityForm } from './identity';
import { SignatureEditor } from './signature';
import { useWork } from './work';

/** As whom one writes, and what stands below the letters. */
export function Identities({ view }: { view: View }) {
  const open = useSignal<string | null>(null);
  const list = useFetched(async () => {
    const all = await readIdentities(view.client);
    // What is being written hears of it at once.
    identities.value = all;
    return all;
  });
  const done = () => {
    open.value = null;
    list.again();
  };
  const remove = async (one: Identity) => {
    try {
      await removeIdentity(view.client, one.id);
      did(
        {
          label: s('identity.removed', { name: one.email }),
          undo: async () => {
            await saveIdentity(view.client, null, formOf(one)).catch(error => notify({ kind: 'trouble', text: troubleText(error) }));
            list.again();
          },
        },
        t('undo'),
      );
    } catch (error) {
      notify({ kind: 'trouble', text: troubleText(error) });
    }
    list.again();
  };
  return (
    <Loaded of={list.value} retry={list.again}>
      {all => (
        <>
          {all.map(one =>
            open.value === one.id ? (
              <IdentityEditor key={one.id} view={view} identity={one} onDone={done} />
            ) : (
              <Card key={one.id} title={one.name ? `${one.name} <${one.email}>` : one.email}>
                <p class="signature-look" dir="auto">
                  {one.textSignature || <span class="quiet">{s(one.htmlSignature ? 'identity.rich' : 'identity.unsigned')}</span>}
                </p>
                <div class="card-foot">
                  <Small
                    aria-label={s('editOf', { name: one.email })}
                    onClick={() => {
                      open.value = one.id;
                    }}
                  >
                    {s('edit')}
                  </Small>
                  {one.mayDelete && (
                    <Small
                      aria-label={s('removeOf', { name: one.email })}
                      onClick={() => {
                        void remove(one);
                      }}
                    >
                      {s('remove')}
                    </Small>
                  )}
                  {all.length > 1 && (
                    <label class="switch">
                      <input
                        type="radio"
                        name="identity"
                        checked={(all.find(i => i.id === preferences.identity.value) ?? all[0])?.id === one.id}
                        onChange={() => {
                          preferences.identity.value = one.id;
                        }}
                      />
                      <span>{s('identity.first')}</span>
                    </label>
                  )}
                </div>
              </Card>
            ),
          )}
          {open.value === '' ? (
            <IdentityEditor view={view} identity={null} onDone={done} />
          ) : (
            <button
              type="button"
              class="button add"
              onClick={() => {
                open.value = '';
              }}
            >
              {s('identity.new')}
            </button>
          )}
        </>
      )}
    </Loaded>
  );
}

function IdentityEditor({ view, identity, onDone }: { view: View; identity: Identity | null; onDone: () => void }) {
  const key = `identity ${identity?.id ?? ''}`;
  const form = draftOf<IdentityForm>(key, { ...formOf(identity), rich: identity ? formOf(identity).rich : preferences.richText.peek() });
  const work = useWork();
  const wrong = work.troubles.value;
  const end = () => {
    dropDraft(key);
    onDone();
  };
  useEffect(() => {
    document.querySelector<HTMLElement>('.settings .form input:not(:disabled)')?.focus();
  }, []);
  return (
    <Card title={identity ? identity.email : s('identity.new')}>
      <Form
        work={work}
        submit={s('save')}
        onCancel={end}
        onSubmit={async () => {
          await saveIdentity(view.client, identity, form.peek());
          notify({ text: s('saved') });
          end();
        }}
      >
        <Text of={part(form, 'name')} label={s('identity.name')} note={s('identity.nameNote')} trouble={wrong['name']} maxLength={500} />
        <Text
          of={part(form, 'email')}
          label={s('identity.email')}
          note={identity ? s('identity.emailFixed') : undefined}
          trouble={wrong['email']}
          inputMode="email"
          disabled={identity !== null}
        />
        <Text
          of={part(form, 'replyTo')}
          label={s('identity.replyTo')}
          note={s('identity.replyToNote')}
          trouble={wrong['replyTo']}
          inputMode="email"
        />
        <Text of={part(form, 'bcc')} label={s('identity.bcc')} note={s('identity.bccNote')} trouble={wrong['bcc']} inputMode="email" />
        <Switch
          label={s('identity.rich')}
          on={form.value.rich}
          onChange={rich => {
            form.value = { ...form.peek(), rich };
          }}
        />
        <SignatureEditor form={form} trouble={wrong['textSignature'] ?? wrong['htmlSignature']} />
      </Form>
    </Card>
  );
}
