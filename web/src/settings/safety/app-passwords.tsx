import { useSignal } from '@preact/signals';
import { mediumDate } from '../../i18n/dates';
import { s } from '../../i18n/settings';
import { ask as question } from '../../app/dialog';
import { takesFocus } from '../../app/focus';
import type { Client } from '../../jmap/client';
import { troubleText } from '../../mail/actions';
import { notify } from '../../mail/undo';
import { ask } from '../api';
import { allowed, emptyForm, protocols, wishOf, type Access, type AppPasswordForm } from './app-password';
import { draftOf, dropDraft, part } from '../drafts';
import { useFetched } from '../fetched';
import { Alert, Card, Choice, CopyButton, Form, Loaded, Small, Text } from '../form';
import { useWork } from '../work';

interface AppPassword {
  id: string;
  name: string;
  state: 'active' | 'expired' | 'revoked';
  scope: string;
  created: string;
  expires?: string;
  lastUsed?: string;
  lastUsedFrom: string;
  failingSince?: string;
  failingBecause: string;
}

interface Made {
  name: string;
  password: string;
}

const key = 'app-password';

/** Passwords for mail programs: one each, which can be taken back alone. */
export function AppPasswords({ client, secondFactor }: { client: Client; secondFactor: boolean }) {
  const open = useSignal(false),
    made = useSignal<Made | null>(null);
  const list = useFetched(() => ask<AppPassword[]>(client, '/account/app-passwords'));
  const revoke = (one: AppPassword) =>
    question(
      s('app.revokeTitle', { name: one.name }),
      <p>{s('app.revokeNote')}</p>,
      s('app.revoke'),
      () => {
        void ask(client, '/account/app-passwords/revoke', { id: one.id })
          .then(() => notify({ text: s('app.gone', { name: one.name }) }))
          .catch(error => notify({ kind: 'trouble', text: troubleText(error) }))
          .finally(list.again);
      },
      true,
    );
  return (
    <Card title={s('app.title')} note={`${s('app.note')} ${secondFactor ? s('app.needed') : ''}`}>
      {made.value && (
        <div class="made" role="status">
          <p>
            <strong tabIndex={-1} ref={takesFocus}>
              {s('app.made', { name: made.value.name })}
            </strong>
          </p>
          <p class="made-secret">
            <code class="secret">{made.value.password}</code> <CopyButton text={made.value.password} />
          </p>
          <p class="quiet">{s('app.once')}</p>
          <div class="card-foot">
            <Small
              onClick={() => {
                made.value = null;
              }}
            >
              {s('done')}
            </Small>
          </div>
        </div>
      )}
      <Loaded of={list.value} retry={list.again}>
        {all => (
          <ul class="things">
            {all.map(one => (
              <li key={one.id} class={one.state === 'active' ? 'thing' : 'thing over'}>
                <span class="thing-text">
                  <strong dir="auto">{one.name}</strong>
                  {one.state !== 'active' && <span class="tag">{s(`app.${one.state}`)}</span>}
                  <small class="quiet">{one.scope}</small>
                  <small class="quiet">
                    {s('madeOn', { date: mediumDate(one.created) })}{' '}
                    {one.lastUsed ? s('lastUsedFrom', { date: mediumDate(one.lastUsed), from: one.lastUsedFrom }) : s('neverUsed')}{' '}
                    {one.expires && one.state === 'active' && s('app.until', { date: mediumDate(one.expires) })}
                  </small>
                  {one.failingSince && (
                    <small class="wrong">{s('app.failing', { date: mediumDate(one.failingSince), why: one.failingBecause })}</small>
                  )}
                </span>
                {one.state === 'active' && (
                  <Small aria-label={s('app.revokeOf', { name: one.name })} onClick={() => revoke(one)}>
                    {s('app.revoke')}
                  </Small>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {open.value ? (
        <Maker
          client={client}
          names={list.value.value instanceof Array ? list.value.value.filter(p => p.state !== 'revoked').map(p => p.name) : []}
          onCancel={() => {
            dropDraft(key);
            open.value = false;
          }}
          onMade={one => {
            dropDraft(key);
            open.value = false;
            made.value = one;
            list.again();
          }}
        />
      ) : (
        <div class="card-foot">
          <Small
            onClick={() => {
              open.value = true;
            }}
          >
            {s('app.new')}
          </Small>
        </div>
      )}
    </Card>
  );
}

function Maker({
  client,
  names,
  onCancel,
  onMade,
}: {
  client: Client;
  /** That are in use. */
  names: string[];
  onCancel: () => void;
  onMade: (made: Made) => void;
}) {
  const form = draftOf(key, emptyForm),
    work = useWork();
  const wrong = work.troubles.value;
  const change = (with_: Partial<AppPasswordForm>) => {
    form.value = { ...form.peek(), ...with_ };
  };
  const accesses: [Access, string][] = [
    ['all', s('app.all')],
    ['readOnly', s('app.readOnly')],
    ['searchOnly', s('app.searchOnly')],
  ];
  return (
    <Form
      work={work}
      submit={s('app.make')}
      onCancel={onCancel}
      onSubmit={async () => onMade(await ask<Made>(client, '/account/app-passwords', wishOf(form.peek(), new Date(), names)))}
    >
      <Text of={part(form, 'name')} label={s('app.name')} note={s('app.nameNote')} maxLength={100} trouble={wrong['name']} />
      <fieldset>
        <legend>{s('app.protocols')}</legend>
        {protocols.map(one => (
          <label key={one} class="switch">
            <input
              type="checkbox"
              disabled={!allowed(form.value, one)}
              aria-invalid={!!wrong['protocols']}
              checked={form.value.protocols.includes(one) && allowed(form.value, one)}
              onChange={event => {
                const { protocols: now } = form.peek();
                change({ protocols: event.currentTarget.checked ? [...now, one] : now.filter(p => p !== one) });
              }}
            />
            <span>{s(`app.${one}`)}</span>
          </label>
        ))}
        {wrong['protocols'] && <Alert>{wrong['protocols']}</Alert>}
      </fieldset>
      <Choice label={s('app.access')} value={form.value.access} options={accesses} onChange={access => change({ access })} />
      <Text of={part(form, 'expires')} label={s('app.expires')} note={s('app.expiresNote')} type="date" trouble={wrong['expires']} />
      <details open={form.value.mailboxes + form.value.sendAs + form.value.networks !== ''}>
        <summary>{s('app.limits')}</summary>
        <div class="form">
          <Text of={part(form, 'mailboxes')} label={s('app.mailboxes')} note={s('app.mailboxesNote')} />
          {form.value.access === 'all' && (
            <Text of={part(form, 'sendAs')} label={s('app.sendAs')} note={s('app.sendAsNote')} trouble={wrong['sendAs']} />
          )}
          <Text of={part(form, 'networks')} label={s('app.networks')} note={s('app.networksNote')} trouble={wrong['networks']} />
        </div>
      </details>
    </Form>
  );
}
