import { useSignal } from '@preact/signals';
import { mediumDate } from '../../i18n/dates';
import { s } from '../../i18n/settings';
import type { Client } from '../../jmap/client';
import { ask } from '../api';
import { useFetched } from '../fetched';
import { Card, Loaded, Small } from '../form';

interface Try {
  at: string;
  ok: boolean;
  how: string;
  from: string;
  device: string;
  problem: string;
  count: number;
}

const few = 8;

/** By which way somebody came in, in words. */
export function howText(how: string): string {
  switch (how) {
    case 'password':
      return s('how.password');
    case 'password and code':
      return s('how.code');
    case 'app password':
      return s('how.app');
    case 'passkey':
      return s('how.passkey');
    case 'openid':
      return s('how.openid');
    default:
      return how;
  }
}

/** Who tried to come in with a browser. */
export function History({ client }: { client: Client }) {
  const list = useFetched(() => ask<Try[]>(client, '/session/history')),
    all = useSignal(false);
  return (
    <Card title={s('history.title')} note={s('history.note')}>
      <Loaded of={list.value} retry={list.again}>
        {tries => (
          <>
            <ul class="things">
              {(all.value ? tries : tries.slice(0, few)).map(one => (
                <li key={one.at + one.how + one.from} class="thing">
                  <span class="thing-text">
                    <strong class={one.ok ? 'right' : 'wrong'}>
                      {s(one.ok ? 'history.ok' : 'history.failed')}
                      {one.count > 1 && ` (${s('history.count', { n: one.count })})`}
                    </strong>
                    <small class="quiet">
                      {mediumDate(one.at)} · {howText(one.how)} · {one.from} · <bdi>{one.device}</bdi>
                    </small>
                    {one.problem && <small class="quiet">{one.problem}</small>}
                  </span>
                </li>
              ))}
            </ul>
            {tries.length > few && (
              <div class="card-foot">
                <Small
                  aria-expanded={all.value}
                  onClick={() => {
                    all.value = !all.value;
                  }}
                >
                  {all.value ? s('less') : s('history.all', { n: tries.length })}
                </Small>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Card>
  );
}
