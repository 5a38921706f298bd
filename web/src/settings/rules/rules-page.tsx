import { useSignal } from '@preact/signals';
import { t } from '../../i18n';
import { s } from '../../i18n/settings';
import { IconButton } from '../../app/icons';
import type { View } from '../../app/mailbox-view';
import { troubleText } from '../../mail/actions';
import { did, notify } from '../../mail/undo';
import { useFetched } from '../fetched';
import { Card, Loaded, Small } from '../form';
import { RuleEditor } from './rule-editor';
import { meansOf, readBlock, withRules, type Rule } from './rules';
import { ruleText } from './rule-words';
import { ScriptsCard } from './scripts';
import { extensionsOf, readScripts, readText, saveScript, type Script, type Scripts } from './sieve';

/** A script of ours where none is active. */
const ownName = 'webmail';

interface Found {
  scripts: Scripts;
  script: Script | null;
  text: string;
}

/** What happens to mail as it comes: by rules, or by scripts. */
export function Rules({ view }: { view: View }) {
  const { client } = view;
  const found = useFetched<Found>(async () => {
    const scripts = await readScripts(client);
    const script = scripts.list.find(one => one.isActive) ?? scripts.list.find(one => one.name === ownName) ?? null;
    return { scripts, script, text: script ? await readText(client, script) : '' };
  });
  return (
    <Loaded of={found.value} retry={found.again}>
      {now => (
        <>
          <RuleList key={now.script?.id ?? ''} view={view} now={now} onSaved={found.again} />
          <ScriptsCard client={client} scripts={now.scripts} onSaved={found.again} />
        </>
      )}
    </Loaded>
  );
}

function RuleList({ view, now, onSaved }: { view: View; now: Found; onSaved: () => void }) {
  const open = useSignal<number | null>(null);
  const { rules } = readBlock(now.text);
  const { client } = view;
  if (rules === null)
    return (
      <Card title={s('rule.title')}>
        <p role="status">{s('rule.byHand', { name: now.script?.name ?? '' })}</p>
      </Card>
    );
  const save = async (next: readonly Rule[]) => {
    const text = withRules(now.text, next, meansOf(extensionsOf(client)));
    await saveScript(client, now.scripts, now.script ?? { id: null, name: ownName }, text, !now.script?.isActive);
    onSaved();
  };
  const try_ = async (next: readonly Rule[], said?: string) => {
    try {
      await save(next);
      if (said !== undefined)
        did(
          {
            label: said,
            // By then the script may be another: it is read anew, and only the rules of then come back.
            undo: async () => {
              const scripts = await readScripts(client);
              const script = scripts.list.find(one => one.id === now.script?.id);
              if (!script) return;
              const text = withRules(await readText(client, script), rules, meansOf(extensionsOf(client)));
              await saveScript(client, scripts, script, text, false);
              onSaved();
            },
          },
          t('undo'),
        );
    } catch (error) {
      notify({ kind: 'trouble', text: troubleText(error) });
      onSaved();
    }
  };
  const swap = (i: number, by: number) => {
    const next = [...rules];
    [next[i], next[i + by]] = [next[i + by]!, next[i]!];
    void try_(next);
  };
  const done = () => {
    open.value = null;
  };
  return (
    <Card title={s('rule.title')} note={s('rule.note')}>
      <ol class="things">
        {rules.map((rule, i) => (
          <li key={`${i} ${rule.name}`} class={rule.off ? 'thing over' : 'thing'}>
            {open.value === i ? (
              <RuleEditor
                view={view}
                id={`${now.script?.id} ${i}`}
                rule={rule}
                onCancel={done}
                onSave={async changed => {
                  await save(rules.map((one, j) => (j === i ? changed : one)));
                  done();
                }}
              />
            ) : (
              <>
                <label class="switch">
                  <input
                    type="checkbox"
                    checked={!rule.off}
                    aria-label={s('rule.on', { name: called(rule, i) })}
                    onChange={() => {
                      const { off, ...rest } = rule;
                      void try_(rules.map((one, j) => (j === i ? { ...rest, ...(off ? {} : { off: true as const }) } : one)));
                    }}
                  />
                </label>
                <span class="thing-text">
                  {rule.name && <strong dir="auto">{rule.name}</strong>}
                  <span class="rule-text" dir="auto">
                    {ruleText(rule, view.store.mailboxes.value)}
                  </span>
                </span>
                <span class="thing-acts">
                  {i > 0 && (
                    <IconButton icon="down" class="turned" label={s('rule.up', { name: called(rule, i) })} onClick={() => swap(i, -1)} />
                  )}
                  {i < rules.length - 1 && (
                    <IconButton icon="down" label={s('rule.down', { name: called(rule, i) })} onClick={() => swap(i, 1)} />
                  )}
                  <IconButton
                    icon="compose"
                    label={s('editOf', { name: called(rule, i) })}
                    onClick={() => {
                      open.value = i;
                    }}
                  />
                  <IconButton
                    icon="trash"
                    label={s('removeOf', { name: called(rule, i) })}
                    onClick={() => {
                      void try_(
                        rules.filter((_, j) => j !== i),
                        s('rule.removed'),
                      );
                    }}
                  />
                </span>
              </>
            )}
          </li>
        ))}
      </ol>
      {rules.length === 0 && open.value === null && <p class="quiet">{s('rule.none')}</p>}
      {open.value === -1 ? (
        <RuleEditor
          view={view}
          id="new"
          rule={null}
          onCancel={done}
          onSave={async made => {
            await save([...rules, made]);
            done();
          }}
        />
      ) : (
        <div class="card-foot">
          <Small
            onClick={() => {
              open.value = -1;
            }}
          >
            {s('rule.new')}
          </Small>
        </div>
      )}
    </Card>
  );
}

const called = (rule: Rule, i: number): string => rule.name || String(i + 1);
