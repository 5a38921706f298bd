import { useSignal } from '@preact/signals';
import { t } from '../../i18n';
import { mediumDate } from '../../i18n/dates';
import { s } from '../../i18n/settings';
import type { Client } from '../../jmap/client';
import { notify } from '../../mail/undo';
import { ApiError, ask } from '../api';
import { Card, CopyButton, Form, Small, Text } from '../form';
import { OwnerFields, useOwner } from './owner';
import { pathOfQr } from './qr';
import type { Overview } from './safety';
import { FieldError, useWork } from '../work';

/** POST /account/totp/begin: shown this once. */
interface Begun {
  uri: string;
  secret: string;
  recoveryCodes: string[];
  qr: string[];
}

/** Codes of an authenticator app, asked for after the password. */
export function SecondFactor({ client, overview, onChanged }: { client: Client; overview: Overview; onChanged: () => void }) {
  const open = useSignal(false),
    begun = useSignal<Begun | null>(null);
  const on = overview.totp === 'on';
  const end = () => {
    open.value = false;
    begun.value = null;
    onChanged();
  };
  const state = on
    ? s('totp.on', { date: overview.totpSince ? mediumDate(overview.totpSince) : '' })
    : s(overview.totp === 'locked' ? 'totp.locked' : overview.totp === 'waiting' ? 'totp.waiting' : 'totp.off');
  return (
    <Card title={s('totp.title')} note={s('totp.note')}>
      <p role="status">
        {state} {on && s('totp.codesLeft', { n: overview.recoveryCodesLeft })}
      </p>
      {begun.value ? (
        <Confirm client={client} begun={begun.value} onDone={end} />
      ) : open.value ? (
        <Proof
          client={client}
          on={on}
          onCancel={() => {
            open.value = false;
          }}
          onBegun={made => {
            begun.value = made;
          }}
          onRemoved={end}
        />
      ) : (
        overview.totp !== 'locked' && (
          <div class="card-foot">
            <Small
              onClick={() => {
                open.value = true;
              }}
            >
              {s(on ? 'totp.remove' : 'totp.begin')}
            </Small>
          </div>
        )
      )}
    </Card>
  );
}

function Proof({
  client,
  on,
  onCancel,
  onBegun,
  onRemoved,
}: {
  client: Client;
  on: boolean;
  onCancel: () => void;
  onBegun: (begun: Begun) => void;
  onRemoved: () => void;
}) {
  const work = useWork(),
    owner = useOwner(on);
  return (
    <Form
      work={work}
      submit={s(on ? 'totp.remove' : 'totp.begin')}
      danger={on}
      onCancel={onCancel}
      onSubmit={async () => {
        if (on) {
          await owner.prove(proof => ask(client, '/account/totp/remove', proof));
          notify({ text: s('totp.removed') });
          onRemoved();
        } else onBegun(await owner.prove(proof => ask<Begun>(client, '/account/totp/begin', proof)));
      }}
    >
      {on && <p>{s('totp.removeNote')}</p>}
      <OwnerFields owner={owner} work={work} />
    </Form>
  );
}

function Confirm({ client, begun, onDone }: { client: Client; begun: Begun; onDone: () => void }) {
  const work = useWork(),
    code = useSignal('');
  const side = begun.qr.length;
  return (
    <Form
      work={work}
      submit={s('totp.confirm')}
      onCancel={onDone}
      onSubmit={async () => {
        const bare = code.peek().replace(/\s/g, '');
        if (!/^\d{6,8}$/.test(bare)) throw new FieldError('code', s('totp.sixDigits'));
        try {
          await ask(client, '/account/totp/confirm', { code: bare });
        } catch (error) {
          throw error instanceof ApiError && error.word === 'code' ? new FieldError('code', s('totp.wrongCode')) : error;
        }
        notify({ text: s('totp.turnedOn') });
        onDone();
      }}
    >
      <div class="totp">
        <svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={s('totp.picture')} shape-rendering="crispEdges">
          <path d={pathOfQr(begun.qr)} />
        </svg>
        <div class="totp-words">
          <p>{s('totp.scan')}</p>
          <p>
            <code class="secret">{begun.secret}</code> <CopyButton text={begun.secret} />
          </p>
          <p>
            <a href={begun.uri}>{s('totp.openApp')}</a>
          </p>
        </div>
      </div>
      <h3>{s('totp.codes')}</h3>
      <p>{s('totp.codesNote')}</p>
      <ul class="codes">
        {begun.recoveryCodes.map(one => (
          <li key={one}>
            <code>{one}</code>
          </li>
        ))}
      </ul>
      <p>
        <CopyButton text={begun.recoveryCodes.join('\n')} label={s('totp.copyCodes')} />
      </p>
      <Text of={code} label={t('signIn.theCode')} inputMode="numeric" autoComplete="one-time-code" trouble={work.troubles.value['code']} />
    </Form>
  );
}
