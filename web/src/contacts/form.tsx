import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { IconButton, Icon } from '../app/icons';
import { go } from '../app/route';
import { t } from '../i18n';
import { c } from '../i18n/contacts';
import { RecordError } from '../jmap/errors';
import { troubleText } from '../mail/actions';
import { addCard, saveCard, shownName } from './acts';
import { bookOf } from './book';
import { changesOf, emptyAddress, emptyLine, formOf, judge, type AddressLine, type CardForm, type Line, type Where } from './edit';
import type { Editing, Page } from './index';
import { Birthday, Field, Kind, Text } from './fields';
import { MemberPicker } from './members';

/** A card while it is written. */
export function CardFormPane({ page, editing }: { page: Page; editing: NonNullable<Editing> }) {
  const card = 'card' in editing ? editing.card : editing.fresh;
  const begin = useRef<CardForm | null>(null);
  begin.current ??= page.form.peek() ?? withEmptyLines(formOf(card));
  const form = useSignal(begin.current),
    tried = useSignal(false),
    busy = useSignal(false),
    trouble = useSignal('');
  const first = useRef<HTMLInputElement>(null),
    root = useRef<HTMLFormElement>(null);
  const now = form.value;
  const set = (change: Partial<CardForm>) => {
    page.form.value = form.value = { ...form.peek(), ...change };
    page.setDirty(true);
  };
  useEffect(() => {
    first.current?.focus();
  }, []);
  const wrong = tried.value ? judge(now) : {};
  const save = async () => {
    if (busy.peek()) return;
    tried.value = true;
    trouble.value = '';
    if (Object.keys(judge(form.peek())).length > 0) {
      setTimeout(() => root.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
      return;
    }
    busy.value = true;
    try {
      const changes = changesOf(card, form.peek());
      let id = 'card' in editing ? editing.card.id : '';
      if ('card' in editing) {
        if (Object.keys(changes).length > 0) await saveCard(page.view, editing.card, changes);
      } else
        id = await addCard(page.view, {
          ...editing.fresh,
          ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null)),
        });
      page.setDirty(false);
      page.form.value = null;
      page.editing.value = null;
      go({ contacts: id }, true);
    } catch (error) {
      trouble.value = error instanceof RecordError && error.error.type === 'notFound' ? c('notFound') : troubleText(error);
    } finally {
      busy.value = false;
    }
  };
  const title = 'card' in editing ? shownName(editing.card) : c(now.isGroup ? 'newGroup' : 'new');
  return (
    <form
      class="contact-form"
      ref={root}
      noValidate
      onSubmit={event => {
        event.preventDefault();
        void save();
      }}
    >
      <header class="contact-bar">
        <IconButton class="contact-back" icon="back" label={c('back')} onClick={() => page.edit(null)} />
        <h2 dir="auto">{title}</h2>
        <span class="spring" />
        <button type="button" class="button" onClick={() => page.edit(null)}>
          {t('cancel')}
        </button>
        <button type="submit" class="button primary" aria-disabled={busy.value}>
          {c(busy.value ? 'saving' : 'save')}
        </button>
      </header>
      <p class="field-trouble" role="alert">
        {trouble.value}
      </p>
      {now.isGroup ? (
        <>
          <Text
            label={c('groupName')}
            value={now.full}
            set={full => set({ full })}
            input={first}
            trouble={wrong.name && c('wrong.groupName')}
          />
          <MemberPicker book={bookOf(page.view)} members={now.members} onChange={members => set({ members })} />
        </>
      ) : (
        <>
          <div class="pair">
            <Text
              label={c('given')}
              value={now.given}
              set={given => set({ given })}
              input={first}
              trouble={wrong.name && c('wrong.name')}
            />
            <Text label={c('surname')} value={now.surname} set={surname => set({ surname })} />
          </div>
          <div class="pair">
            <Text label={c('company')} value={now.company} set={company => set({ company })} />
            <Text label={c('title')} value={now.title} set={role => set({ title: role })} />
          </div>
          <Lines form={now} of="emails" set={set} wrong={wrong} />
          <Lines form={now} of="phones" set={set} wrong={wrong} />
          <Addresses form={now} set={set} />
          <div class="pair">
            <Text label={c('nickname')} value={now.nickname} set={nickname => set({ nickname })} />
            <Birthday form={now} set={set} trouble={wrong.birthday && c('wrong.date')} />
          </div>
        </>
      )}
      <Field label={c('note')}>
        {described => (
          <textarea {...described} dir="auto" rows={3} value={now.note} onInput={event => set({ note: event.currentTarget.value })} />
        )}
      </Field>
    </form>
  );
}

// Somebody who has no address yet has a line to write one in.
const withEmptyLines = (form: CardForm): CardForm =>
  form.isGroup
    ? form
    : {
        ...form,
        emails: form.emails.length > 0 ? form.emails : [emptyLine()],
        phones: form.phones.length > 0 ? form.phones : [{ ...emptyLine(), isMobile: true }],
      };

type Set = (change: Partial<CardForm>) => void;
function Lines({ form, of, set, wrong }: { form: CardForm; of: 'emails' | 'phones'; set: Set; wrong: ReturnType<typeof judge> }) {
  const isEmail = of === 'emails';
  const all = form[of];
  const change = (i: number, line: Partial<Line>) => set({ [of]: all.map((one, j) => (j === i ? { ...one, ...line } : one)) });
  const named = (i: number) => (all.length === 1 ? c(isEmail ? 'email' : 'phone') : c(isEmail ? 'emailOf' : 'phoneOf', { n: i + 1 }));
  return (
    <div class="form-lines">
      {all.map((line, i) => (
        <div class="form-line" key={line.key ?? `new${i}`}>
          <Text
            label={named(i)}
            value={line.value}
            set={value => change(i, { value })}
            mode={isEmail ? 'email' : 'tel'}
            trouble={isEmail && wrong[`email${i}`] ? c('wrong.address') : undefined}
          />
          <Kind
            label={named(i)}
            value={line.isMobile ? 'mobile' : line.where}
            mobile={!isEmail}
            onChange={kind => change(i, kind === 'mobile' ? { isMobile: true } : { isMobile: false, where: kind as Where })}
          />
          <IconButton icon="close" label={c('remove', { what: named(i) })} onClick={() => set({ [of]: all.filter((_, j) => j !== i) })} />
        </div>
      ))}
      <button type="button" class="text-button" onClick={() => set({ [of]: [...all, emptyLine()] })}>
        <Icon name="plus" size={18} />
        {c(isEmail ? 'addEmail' : 'addPhone')}
      </button>
    </div>
  );
}

function Addresses({ form, set }: { form: CardForm; set: Set }) {
  const all = form.addresses;
  const change = (i: number, line: Partial<AddressLine>) => set({ addresses: all.map((one, j) => (j === i ? { ...one, ...line } : one)) });
  return (
    <div class="form-lines">
      {all.map((line, i) => {
        const name = all.length === 1 ? c('address') : c('addressOf', { n: i + 1 });
        return (
          <fieldset key={line.key ?? `new${i}`}>
            <legend>{name}</legend>
            <div class="form-line">
              <Text label={c('street')} value={line.street} set={street => change(i, { street })} />
              <Kind label={name} value={line.where} onChange={where => change(i, { where: where as Where })} />
              <IconButton
                icon="close"
                label={c('remove', { what: name })}
                onClick={() => set({ addresses: all.filter((_, j) => j !== i) })}
              />
            </div>
            <div class="pair narrow-first">
              <Text label={c('postcode')} value={line.postcode} set={postcode => change(i, { postcode })} />
              <Text label={c('locality')} value={line.locality} set={locality => change(i, { locality })} />
            </div>
            <div class="pair">
              <Text label={c('region')} value={line.region} set={region => change(i, { region })} />
              <Text label={c('country')} value={line.country} set={country => change(i, { country })} />
            </div>
          </fieldset>
        );
      })}
      <button type="button" class="text-button" onClick={() => set({ addresses: [...all, emptyAddress()] })}>
        <Icon name="plus" size={18} />
        {c('addAddress')}
      </button>
    </div>
  );
}
