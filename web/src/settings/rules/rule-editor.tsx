import type { Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { s } from '../../i18n/settings';
import { IconButton } from '../../app/icons';
import type { View } from '../../app/mailbox-view';
import type { Id, Mailbox } from '../../jmap/types';
import { mailboxName, tree } from '../../mail/names';
import { draftOf, dropDraft, part } from '../drafts';
import { Alert, Choice, Form, Switch, Text } from '../form';
import { fields, hows, judgeRule, type Rule, type Test } from './rules';
import { useWork } from '../work';

const blank: Rule = { name: '', all: true, tests: [{ field: 'from', how: 'contains', value: '' }], move: null, stop: true };

/** The name as scripts know it: never translated. */
export function sievePath(mailbox: Mailbox, mailboxes: ReadonlyMap<Id, Mailbox>): string {
  if (mailbox.role === 'inbox') return 'INBOX';
  const parent = mailbox.parentId ? mailboxes.get(mailbox.parentId) : undefined;
  return parent ? `${sievePath(parent, mailboxes)}/${mailbox.name}` : mailbox.name;
}

export function RuleEditor({
  view,
  id,
  rule,
  onSave,
  onCancel,
}: {
  view: View;
  id: string;
  rule: Rule | null;
  onSave: (rule: Rule) => Promise<void>;
  onCancel: () => void;
}) {
  const key = `rule ${id}`;
  const form = draftOf<Rule>(key, rule ?? blank),
    work = useWork();
  const now = form.value,
    wrong = work.troubles.value;
  const change = (with_: Partial<Rule>) => {
    form.value = { ...form.peek(), ...with_ };
  };
  useEffect(() => {
    document.querySelector<HTMLElement>('.settings .form input')?.focus();
  }, []);
  const all = view.store.mailboxes.value;
  const places: [string, string][] = [
    ['', s('rule.stays')],
    ...tree(all).map(({ mailbox, depth }): [string, string] => [mailbox.id, `${'   '.repeat(depth)}${mailboxName(mailbox)}`]),
    ...(now.move && !all.has(now.move.id) ? [[now.move.id, now.move.path] as [string, string]] : []),
    ['discard', s('rule.discard')],
  ];
  const place = (to: string) => {
    const { discard: _, ...rest } = form.peek();
    const mailbox = all.get(to);
    form.value = {
      ...rest,
      move: mailbox ? { id: mailbox.id, path: sievePath(mailbox, all) } : null,
      ...(to === 'discard' ? { discard: true as const } : {}),
    };
  };
  return (
    <Form
      work={work}
      submit={s('save')}
      onCancel={() => {
        dropDraft(key);
        onCancel();
      }}
      onSubmit={async () => {
        const made = tidy(form.peek());
        judgeRule(made);
        await onSave(made);
        dropDraft(key);
      }}
    >
      <Text of={part(form, 'name')} label={s('rule.name')} note={s('rule.nameNote')} maxLength={100} trouble={wrong['name']} />
      <fieldset>
        <legend>{s('rule.when')}</legend>
        {now.tests.length > 1 && (
          <Choice
            label={s('rule.match')}
            value={now.all ? 'all' : 'any'}
            options={[
              ['all', s('rule.matchAll')],
              ['any', s('rule.matchAny')],
            ]}
            onChange={which => change({ all: which === 'all' })}
          />
        )}
        {now.tests.map((test, i) => (
          <TestRow
            key={i}
            test={test}
            alone={now.tests.length === 1}
            trouble={wrong[`test ${i}`]}
            onChange={changed => change({ tests: now.tests.map((one, j) => (j === i ? changed : one)) })}
            onRemove={() => change({ tests: now.tests.filter((_, j) => j !== i) })}
          />
        ))}
        <button
          type="button"
          class="text-button"
          onClick={() => change({ tests: [...now.tests, { field: 'subject', how: 'contains', value: '' }] })}
        >
          {s('rule.addTest')}
        </button>
      </fieldset>
      <fieldset>
        <legend>{s('rule.then')}</legend>
        <Choice
          label={s('rule.move')}
          value={now.discard ? 'discard' : (now.move?.id ?? '')}
          options={places}
          note={now.discard ? s('rule.discardNote') : undefined}
          trouble={wrong['move']}
          onChange={place}
        />
        {!now.discard && (
          <>
            <Switch label={s('rule.read')} on={now.read === true} onChange={on => flag(form, 'read', on)} />
            <Switch label={s('rule.star')} on={now.star === true} onChange={on => flag(form, 'star', on)} />
            <Text of={optional(form, 'label')} label={s('rule.label')} note={s('rule.labelNote')} trouble={wrong['label']} />
          </>
        )}
        <Text
          of={optional(form, 'forward')}
          label={s('rule.forward')}
          note={now.discard ? undefined : s('rule.forwardNote')}
          inputMode="email"
          trouble={wrong['forward']}
        />
        <Switch label={s('rule.stop')} note={s('rule.stopNote')} on={now.stop} onChange={stop => change({ stop })} />
      </fieldset>
      {wrong['text'] && <Alert>{wrong['text']}</Alert>}
    </Form>
  );
}

function TestRow({
  test,
  alone,
  trouble,
  onChange,
  onRemove,
}: {
  test: Test;
  alone: boolean;
  trouble: string | undefined;
  onChange: (test: Test) => void;
  onRemove: () => void;
}) {
  return (
    <div class="test-row" role="group">
      <Choice
        label={s('rule.field')}
        value={test.field}
        options={fields.map(f => [f, s(`rule.${f}`)] as const)}
        onChange={field => onChange({ ...test, field })}
      />
      <Choice
        label={s('rule.how')}
        value={test.how}
        options={hows.map(h => [h, s(`rule.${h}Word`)] as const)}
        onChange={how => onChange({ ...test, how })}
      />
      <Text
        of={{
          get value() {
            return test.value;
          },
          set value(value: string) {
            onChange({ ...test, value });
          },
        }}
        label={s('rule.value')}
        trouble={trouble}
      />
      {!alone && <IconButton icon="close" label={s('rule.removeTest')} onClick={onRemove} />}
    </div>
  );
}

function flag(form: Signal<Rule>, name: 'read' | 'star', on: boolean): void {
  const { [name]: _, ...rest } = form.peek();
  form.value = { ...rest, ...(on ? { [name]: true as const } : {}) };
}

function optional(form: Signal<Rule>, name: 'label' | 'forward') {
  return {
    get value() {
      return form.value[name] ?? '';
    },
    set value(text: string) {
      form.value = { ...form.peek(), [name]: text };
    },
  };
}

/** Without what was left empty, and without what does not go with the rest. */
export function tidy(rule: Rule): Rule {
  const { label, forward, read, star, ...rest } = rule;
  return {
    ...rest,
    name: rule.name.trim(),
    tests: rule.tests.map(test => ({ ...test, value: test.value.trim() })),
    ...(label?.trim() && !rule.discard ? { label: label.trim() } : {}),
    ...(forward?.trim() ? { forward: forward.trim() } : {}),
    ...(read && !rule.discard ? { read } : {}),
    ...(star && !rule.discard ? { star } : {}),
  };
}
