import { useSignal } from '@preact/signals';
import { mediumDate } from '../../i18n/dates';
import { s } from '../../i18n/settings';
import { ask as question } from '../../app/dialog';
import type { Client } from '../../jmap/client';
import { troubleText } from '../../mail/actions';
import { notify } from '../../mail/undo';
import { ApiError, ask } from '../api';
import { useFetched } from '../fetched';
import { Card, Form, Loaded, Small, Text } from '../form';
import { FieldError, useWork } from '../work';

interface Passkey {
  id: string;
  name: string;
  created: string;
  lastUsed?: string;
  synced: boolean;
}

const isKnown = (): boolean => typeof PublicKeyCredential !== 'undefined' && 'parseCreationOptionsFromJSON' in PublicKeyCredential;

/** Asks the browser for a new one, and the server to take it. */
export async function addPasskey(
  client: Client,
  name: string,
  create: (options: PublicKeyCredentialCreationOptionsJSON) => Promise<Credential | null> = options =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }),
): Promise<void> {
  if (name.trim() === '') throw new FieldError('name', s('missing'));
  let options: PublicKeyCredentialCreationOptionsJSON;
  try {
    options = await ask(client, '/account/passkeys/options', {});
  } catch (error) {
    throw error instanceof ApiError && error.word === 'no-passkeys' ? new FieldError('', s('passkey.byName')) : error;
  }
  let made: Credential | null;
  try {
    made = await create(options);
  } catch (error) {
    // Each authenticator has one for this account at most.
    throw new FieldError('', s(error instanceof Error && error.name === 'InvalidStateError' ? 'passkey.there' : 'passkey.cancelled'));
  }
  if (!made) throw new FieldError('', s('passkey.cancelled'));
  const { response } = (made as PublicKeyCredential).toJSON() as {
    response: { clientDataJSON: string; attestationObject: string };
  };
  await ask(client, '/account/passkeys', {
    name: name.trim(),
    credential: { response: { clientDataJSON: response.clientDataJSON, attestationObject: response.attestationObject } },
  });
}

/** Signing in by finger, face or key. */
export function OwnPasskeys({ client }: { client: Client }) {
  const open = useSignal(false),
    name = useSignal(''),
    work = useWork();
  const list = useFetched(() => ask<Passkey[]>(client, '/account/passkeys'));
  const remove = (one: Passkey) =>
    question(
      s('passkey.removeTitle', { name: one.name }),
      <p>{s('passkey.removeNote')}</p>,
      s('remove'),
      () => {
        void ask(client, '/account/passkeys/remove', { id: one.id })
          .then(() => notify({ text: s('passkey.removed', { name: one.name }) }))
          .catch(error => notify({ kind: 'trouble', text: troubleText(error) }))
          .finally(list.again);
      },
      true,
    );
  return (
    <Card title={s('passkey.title')} note={s('passkey.note')}>
      <Loaded of={list.value} retry={list.again}>
        {all => (
          <ul class="things">
            {all.map(one => (
              <li key={one.id} class="thing">
                <span class="thing-text">
                  <strong dir="auto">{one.name}</strong>
                  <small class="quiet">
                    {s('madeOn', { date: mediumDate(one.created) })}{' '}
                    {one.lastUsed ? s('lastUsed', { date: mediumDate(one.lastUsed) }) : s('neverUsed')}
                  </small>
                </span>
                <Small aria-label={s('removeOf', { name: one.name })} onClick={() => remove(one)}>
                  {s('remove')}
                </Small>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {!isKnown() ? (
        <p class="quiet">{s('passkey.unknown')}</p>
      ) : open.value ? (
        <Form
          work={work}
          submit={s('passkey.make')}
          onCancel={() => {
            open.value = false;
          }}
          onSubmit={async () => {
            await addPasskey(client, name.peek());
            name.value = '';
            open.value = false;
            notify({ text: s('passkey.made') });
            list.again();
          }}
        >
          <Text of={name} label={s('passkey.name')} note={s('passkey.nameNote')} maxLength={100} trouble={work.troubles.value['name']} />
        </Form>
      ) : (
        <div class="card-foot">
          <Small
            onClick={() => {
              open.value = true;
            }}
          >
            {s('passkey.add')}
          </Small>
        </div>
      )}
    </Card>
  );
}
