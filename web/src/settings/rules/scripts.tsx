import { useSignal } from '@preact/signals';
import { t } from '../../i18n';
import { s } from '../../i18n/settings';
import type { Client } from '../../jmap/client';
import { troubleText } from '../../mail/actions';
import { did, notify } from '../../mail/undo';
import { Card, Small } from '../form';
import { ScriptEditor } from './script-editor';
import { activate, readScripts, readText, removeScript, saveScript, type Script, type Scripts } from './sieve';

/** Open: which script, and what it says. */
interface Open {
  script: Script | null;
  text: string;
}

/** All scripts as text, for who knows Sieve. */
export function ScriptsCard({ client, scripts, onSaved }: { client: Client; scripts: Scripts; onSaved: () => void }) {
  const open = useSignal<Open | null>(null);
  const try_ = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      notify({ kind: 'trouble', text: troubleText(error) });
    }
    onSaved();
  };
  const remove = (one: Script) =>
    try_(async () => {
      const text = await readText(client, one);
      await removeScript(client, one.id);
      did(
        {
          label: s('script.removed', { name: one.name ?? '' }),
          undo: () =>
            try_(async () => {
              await saveScript(client, await readScripts(client), { id: null, name: one.name }, text, false);
            }),
        },
        t('undo'),
      );
    });
  return (
    <Card title={s('script.title')} note={s('script.note')}>
      <ul class="things">
        {scripts.list.map(one => (
          <li key={one.id} class="thing">
            <span class="thing-text">
              <strong dir="auto">{one.name ?? one.id}</strong>
              {one.isActive && <span class="tag">{s('script.active')}</span>}
            </span>
            <span class="thing-acts">
              <Small
                aria-label={s('editOf', { name: one.name ?? one.id })}
                onClick={() => {
                  void readText(client, one).then(
                    text => {
                      open.value = { script: one, text };
                    },
                    error => notify({ kind: 'trouble', text: troubleText(error) }),
                  );
                }}
              >
                {s('edit')}
              </Small>
              <Small
                onClick={() => {
                  void try_(() => activate(client, one.isActive ? null : one.id));
                }}
              >
                {s(one.isActive ? 'script.deactivate' : 'script.activate')}
              </Small>
              {!one.isActive && (
                <Small
                  aria-label={s('removeOf', { name: one.name ?? one.id })}
                  onClick={() => {
                    void remove(one);
                  }}
                >
                  {s('remove')}
                </Small>
              )}
            </span>
          </li>
        ))}
      </ul>
      {open.value ? (
        <ScriptEditor
          key={open.value.script?.id ?? ''}
          client={client}
          scripts={scripts}
          script={open.value.script}
          text={open.value.text}
          onDone={saved => {
            open.value = null;
            if (saved) onSaved();
          }}
        />
      ) : (
        <div class="card-foot">
          <Small
            onClick={() => {
              open.value = { script: null, text: '' };
            }}
          >
            {s('script.new')}
          </Small>
        </div>
      )}
    </Card>
  );
}
