// The fields of the form of a card.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { language } from '../i18n';
import { c } from '../i18n/contacts';
import type { CardForm, Where } from './edit';

type Described = { id: string; 'aria-invalid': boolean; 'aria-describedby': string | undefined };

export function Field({
  label,
  note,
  trouble,
  children,
}: {
  label: string;
  note?: string;
  trouble?: string | undefined;
  children: (described: Described) => ComponentChildren;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-invalid': !!trouble, 'aria-describedby': trouble ? `${id}-trouble` : undefined })}
      {note && <small class="quiet">{note}</small>}
      {trouble && (
        <p class="field-trouble" id={`${id}-trouble`} role="alert">
          {trouble}
        </p>
      )}
    </div>
  );
}

export function Text({
  label,
  value,
  set,
  trouble,
  input,
  mode,
}: {
  label: string;
  value: string;
  set: (value: string) => void;
  trouble?: string | undefined;
  input?: { current: HTMLInputElement | null };
  mode?: 'email' | 'tel';
}) {
  return (
    <Field label={label} trouble={trouble}>
      {described => (
        <input
          {...described}
          {...(input ? { ref: input } : {})}
          {...(mode ? { inputMode: mode } : {})}
          type="text"
          dir="auto"
          autoComplete="off"
          spellcheck={false}
          maxLength={500}
          value={value}
          onInput={event => set(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function Kind({
  label,
  value,
  onChange,
  mobile,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  mobile?: boolean;
}) {
  const options = [...(mobile ? ['mobile'] : []), 'private', 'work', 'other'] as const;
  return (
    <select aria-label={`${label}: ${c('kindOf')}`} value={value} onChange={event => onChange(event.currentTarget.value)}>
      {options.map(one => (
        <option key={one} value={one}>
          {c(one as Where | 'mobile')}
        </option>
      ))}
    </select>
  );
}

export function Birthday({
  form,
  set,
  trouble,
}: {
  form: CardForm;
  set: (change: Partial<CardForm>) => void;
  trouble?: string | undefined;
}) {
  const id = useId();
  const months = Array.from({ length: 12 }, (_, i) =>
    new Intl.DateTimeFormat(language.value, { month: 'long', timeZone: 'UTC' }).format(new Date(Date.UTC(2000, i, 1))),
  );
  const invalid = { 'aria-invalid': !!trouble, 'aria-describedby': `${id}-note` };
  return (
    <div class="field" role="group" aria-labelledby={id}>
      <span class="label" id={id}>
        {c('birthday')}
      </span>
      <div class="date-parts">
        <input
          {...invalid}
          type="text"
          inputMode="numeric"
          maxLength={2}
          aria-label={c('day')}
          placeholder={c('day')}
          value={form.day}
          onInput={event => set({ day: event.currentTarget.value })}
        />
        <select {...invalid} aria-label={c('month')} value={form.month} onChange={event => set({ month: event.currentTarget.value })}>
          <option value="">{c('month')}</option>
          {months.map((name, i) => (
            <option key={name} value={String(i + 1)}>
              {name}
            </option>
          ))}
        </select>
        <input
          {...invalid}
          type="text"
          inputMode="numeric"
          maxLength={4}
          aria-label={c('year')}
          placeholder={c('year')}
          value={form.year}
          onInput={event => set({ year: event.currentTarget.value })}
        />
      </div>
      <small class={trouble ? 'field-trouble' : 'quiet'} id={`${id}-note`} role={trouble ? 'alert' : undefined}>
        {trouble ?? c('yearNote')}
      </small>
    </div>
  );
}
