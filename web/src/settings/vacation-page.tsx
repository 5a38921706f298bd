import { s } from '../i18n/settings';
import type { View } from '../app/mailbox-view';
import { askVacation, setVacation, type Vacation } from '../list/away';
import { notify } from '../mail/undo';
import { draftOf, dropDraft, part } from './drafts';
import { useFetched } from './fetched';
import { Card, Field, Form, Loaded, Switch, Text } from './form';
import { formOf, patchOf } from './vacation';
import { useWork } from './work';

const key = 'vacation';

/** What others hear while one is away. */
export function VacationPage({ view }: { view: View }) {
  const one = useFetched(() => askVacation(view.client));
  return (
    <Loaded of={one.value} retry={one.again}>
      {before => <Away view={view} before={before} onSaved={one.again} />}
    </Loaded>
  );
}

function Away({ view, before, onSaved }: { view: View; before: Vacation; onSaved: () => void }) {
  const form = draftOf(key, formOf(before)),
    work = useWork();
  const wrong = work.troubles.value;
  return (
    <Card note={s('away.note')}>
      <Form
        work={work}
        submit={s('save')}
        onSubmit={async () => {
          const patch = patchOf(before, form.peek());
          if (Object.keys(patch).length > 0) await setVacation(view.client, patch);
          dropDraft(key);
          notify({ text: s(form.peek().on ? 'away.savedOn' : 'saved') });
          onSaved();
        }}
      >
        <Switch
          label={s('away.turnOn')}
          on={form.value.on}
          onChange={on => {
            form.value = { ...form.peek(), on };
          }}
        />
        <div class="pair">
          <Text
            of={part(form, 'from')}
            label={s('away.from')}
            note={s('away.fromNote')}
            type="date"
            trouble={wrong['from'] ?? wrong['fromDate']}
          />
          <Text of={part(form, 'to')} label={s('away.to')} note={s('away.toNote')} type="date" trouble={wrong['to'] ?? wrong['toDate']} />
        </div>
        <Text
          of={part(form, 'subject')}
          label={s('away.subject')}
          note={s('away.subjectNote')}
          trouble={wrong['subject']}
          maxLength={900}
        />
        <Field label={s('away.text')} trouble={wrong['text'] ?? wrong['textBody']}>
          {described => (
            <textarea
              {...described}
              rows={8}
              dir="auto"
              value={form.value.text}
              onInput={event => {
                form.value = { ...form.peek(), text: event.currentTarget.value };
              }}
            />
          )}
        </Field>
      </Form>
    </Card>
  );
}
