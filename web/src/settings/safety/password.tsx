import { useSignal } from '@preact/signals';
import { s } from '../../i18n/settings';
import type { Client } from '../../jmap/client';
import { notify } from '../../mail/undo';
import { ApiError, ask } from '../api';
import { Card, Form, Text } from '../form';
import { OwnerFields, useOwner, type Owner } from './owner';
import { FieldError, useWork } from '../work';
import type { Overview } from './safety';

/** Characters of a password that somebody chooses, as the server counts them. */
export const shortest = 10;

export async function changePassword(client: Client, owner: Owner, fresh: string, again: string): Promise<void> {
  if ([...fresh].length < shortest) throw new FieldError('new', s('password.short', { n: shortest }));
  if (fresh !== again) throw new FieldError('again', s('password.different'));
  try {
    await owner.prove(proof => ask(client, '/account/password', { ...proof, new: fresh }));
  } catch (error) {
    if (error instanceof ApiError && error.word === 'new') throw new FieldError('new', error.message);
    throw error;
  }
}

export function Password({ client, overview, onChanged }: { client: Client; overview: Overview; onChanged: () => void }) {
  const work = useWork(),
    owner = useOwner(overview.totp === 'on'),
    fresh = useSignal(''),
    again = useSignal('');
  const wrong = work.troubles.value;
  if (!overview.ownPassword) return <Card title={s('password.title')} note={s('password.notYours')} />;
  return (
    <Card title={s('password.title')} note={s('password.note')}>
      <Form
        work={work}
        submit={s('password.change')}
        onSubmit={async () => {
          await changePassword(client, owner, fresh.peek(), again.peek());
          owner.forget();
          fresh.value = again.value = '';
          notify({ text: s('password.changed') });
          onChanged();
        }}
      >
        {/* Password managers want to know whose it is. */}
        <input class="unseen" type="text" autoComplete="username" value={overview.address} readOnly tabIndex={-1} aria-hidden="true" />
        <OwnerFields owner={owner} work={work} />
        <Text
          of={fresh}
          label={s('password.new')}
          note={s('password.short', { n: shortest })}
          type="password"
          autoComplete="new-password"
          trouble={wrong['new']}
        />
        <Text of={again} label={s('password.again')} type="password" autoComplete="new-password" trouble={wrong['again']} />
      </Form>
    </Card>
  );
}
