import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { s } from '../../i18n/settings';
import type { Client } from '../../jmap/client';
import { notify } from '../../mail/undo';
import { draftOf, dropDraft, part } from '../drafts';
import { Field, Form, Small, Text } from '../form';
import { check, lineOf, saveScript, type Script, type Scripts } from './sieve';
import { FieldError, useWork } from '../work';

/** Where a line of a text begins and ends; lines count from one. */
export function rangeOf(text: string, line: number): [from: number, to: number] {
  const lines = text.split('\n');
  const at = Math.min(Math.max(1, line), lines.length) - 1;
  const from = lines.slice(0, at).reduce((n, one) => n + one.length + 1, 0);
  return [from, from + lines[at]!.length];
}

/** The text of a script with the numbers of its lines; what the server says against it is shown at its line. */
export function ScriptEditor({
  client,
  scripts,
  script,
  text,
  onDone,
}: {
  client: Client;
  scripts: Scripts;
  script: Script | null;
  text: string;
  onDone: (saved: boolean) => void;
}) {
  const key = `script ${script?.id ?? ''}`;
  const form = draftOf(key, { name: script?.name ?? '', text }),
    work = useWork(),
    good = useSignal(false);
  const area = useRef<HTMLTextAreaElement>(null),
    numbers = useRef<HTMLDivElement>(null);
  const wrong = work.troubles.value['text'];
  const line = wrong === undefined ? null : lineOf(wrong);
  useEffect(() => {
    const element = area.current;
    if (line === null || !element) return;
    element.focus();
    element.setSelectionRange(...rangeOf(element.value, line));
    element.scrollTop = (line - 4) * parseFloat(getComputedStyle(element).lineHeight);
  }, [wrong]);
  const verify = async () => {
    good.value = false;
    const error = await check(client, form.peek().text);
    if (error) throw new FieldError('text', error.description ?? error.type);
  };
  const end = (saved: boolean) => {
    dropDraft(key);
    onDone(saved);
  };
  return (
    <Form
      work={work}
      submit={s('save')}
      onCancel={() => end(false)}
      onSubmit={async () => {
        const { name, text: now } = form.peek();
        if (name.trim() === '') throw new FieldError('name', s('missing'));
        await verify();
        await saveScript(client, scripts, { id: script?.id ?? null, name: name.trim() }, now, false);
        notify({ text: s('saved') });
        end(true);
      }}
    >
      <Text of={part(form, 'name')} label={s('script.name')} maxLength={128} trouble={work.troubles.value['name']} />
      <Field label={s('script.text')} trouble={wrong} note={good.value ? s('script.good') : undefined}>
        {described => (
          <div class="script">
            <div class="script-numbers" ref={numbers} aria-hidden="true">
              {form.value.text.split('\n').map((_, i) => (
                <span key={i} class={line === i + 1 ? 'wrong' : undefined}>
                  {i + 1}
                </span>
              ))}
            </div>
            <textarea
              {...described}
              ref={area}
              rows={16}
              dir="ltr"
              wrap="off"
              spellcheck={false}
              autoCapitalize="none"
              value={form.value.text}
              onScroll={event => {
                if (numbers.current) numbers.current.scrollTop = event.currentTarget.scrollTop;
              }}
              onInput={event => {
                good.value = false;
                form.value = { ...form.peek(), text: event.currentTarget.value };
              }}
            />
          </div>
        )}
      </Field>
      <p>
        <Small
          onClick={() => {
            void work.run(async () => {
              await verify();
              good.value = true;
            });
          }}
        >
          {s('script.check')}
        </Small>
      </p>
    </Form>
  );
}
