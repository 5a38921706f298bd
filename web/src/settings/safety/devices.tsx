import { mediumDate } from '../../i18n/dates';
import { s } from '../../i18n/settings';
import { ask as question } from '../../app/dialog';
import type { Client } from '../../jmap/client';
import { troubleText } from '../../mail/actions';
import { notify } from '../../mail/undo';
import { ask } from '../api';
import { howText } from './history';
import { useFetched } from '../fetched';
import { Card, Loaded, Small } from '../form';

interface Device {
  id: string;
  device: string;
  how: string;
  created: string;
  lastSeen: string;
  from: string;
  stays: boolean;
  isThis: boolean;
}

/** Where the account is signed in with a browser. */
export function Devices({ client }: { client: Client }) {
  const list = useFetched(() => ask<Device[]>(client, '/session/devices'));
  const end = async (which: string, said: string) => {
    try {
      await ask(client, '/session/devices', { end: which });
      if (which === 'all') {
        client.onSignedOut();
        return;
      }
      notify({ text: said });
    } catch (error) {
      notify({ kind: 'trouble', text: troubleText(error) });
    }
    list.again();
  };
  const sure = (title: string, note: string, which: string, said: string) =>
    question(
      title,
      <p>{note}</p>,
      s('device.end'),
      () => {
        void end(which, said);
      },
      true,
    );
  return (
    <Card title={s('device.title')} note={s('device.note')}>
      <Loaded of={list.value} retry={list.again}>
        {all => (
          <>
            <ul class="things">
              {all.map(one => (
                <li key={one.id} class="thing">
                  <span class="thing-text">
                    <strong dir="auto">{one.device}</strong>
                    {one.isThis && <span class="tag">{s('device.this')}</span>}
                    <small class="quiet">
                      {howText(one.how)} · {one.from} · {s('device.seen', { date: mediumDate(one.lastSeen) })}
                    </small>
                  </span>
                  {!one.isThis && (
                    <Small
                      aria-label={s('device.endOf', { name: one.device })}
                      onClick={() => sure(s('device.endOf', { name: one.device }), s('device.endNote'), one.id, s('device.ended'))}
                    >
                      {s('device.end')}
                    </Small>
                  )}
                </li>
              ))}
            </ul>
            <div class="card-foot">
              {all.length > 1 && (
                <Small onClick={() => sure(s('device.others'), s('device.endNote'), 'others', s('device.othersEnded'))}>
                  {s('device.others')}
                </Small>
              )}
              <Small danger onClick={() => sure(s('device.all'), s('device.allNote'), 'all', s('device.ended'))}>
                {s('device.all')}
              </Small>
            </div>
          </>
        )}
      </Loaded>
    </Card>
  );
}
