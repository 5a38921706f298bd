import type { Signal } from '@preact/signals';
import type { ButtonHTMLAttributes, ComponentChildren, InputHTMLAttributes, TargetedEvent } from 'preact';
import { useId } from 'preact/hooks';
import { t } from '../i18n';
import { s } from '../i18n/settings';
import { troubleText } from '../mail/actions';
import { notify } from '../mail/undo';
import type { Work } from './work';

/** A button among others. */
export const Small = ({ danger, ...rest }: ButtonHTMLAttributes & { danger?: boolean }) => (
  <button {...(rest as object)} type="button" class={danger ? 'button small danger' : 'button small'} />
);

/** What is wrong, said aloud. */
export const Alert = ({ children }: { children: ComponentChildren }) => (
  <p class="field-trouble" role="alert">
    {children}
  </p>
);

/** A group of settings with its name. */
export function Card({ title, note, children }: { title?: string; note?: ComponentChildren; children?: ComponentChildren }) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={title && id}>
      {title && <h2 id={id}>{title}</h2>}
      {note && <p class="card-note">{note}</p>}
      {children}
    </section>
  );
}

interface Described {
  id: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
}

/** A control with its name, what is to be known about it, and what is wrong with it. */
export function Field({
  label,
  note,
  trouble,
  children,
}: {
  label: string;
  note?: ComponentChildren;
  trouble?: string | undefined;
  children: (described: Described) => ComponentChildren;
}) {
  const id = useId();
  const by = [note ? `${id}-note` : '', trouble ? `${id}-trouble` : ''].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-invalid': !!trouble, 'aria-describedby': by || undefined })}
      {note && (
        <small class="quiet" id={`${id}-note`}>
          {note}
        </small>
      )}
      {trouble && (
        <p class="field-trouble" id={`${id}-trouble`} role="alert">
          {trouble}
        </p>
      )}
    </div>
  );
}

/** A line of text. */
export function Text({
  of,
  label,
  note,
  trouble,
  ...rest
}: {
  of: { value: string };
  label: string;
  note?: ComponentChildren;
  trouble?: string | undefined;
  type?: 'text' | 'password' | 'date';
} & Pick<InputHTMLAttributes, 'autoComplete' | 'inputMode' | 'maxLength' | 'disabled'>) {
  return (
    <Field label={label} note={note} trouble={trouble}>
      {described => (
        <input
          {...described}
          dir="auto"
          spellcheck={false}
          autoComplete="off"
          {...(rest as { type?: 'text' })}
          value={of.value}
          onInput={event => {
            of.value = event.currentTarget.value;
          }}
        />
      )}
    </Field>
  );
}

export function Choice<T extends string | number>({
  label,
  value,
  options,
  onChange,
  note,
  trouble,
}: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
  note?: ComponentChildren;
  trouble?: string | undefined;
}) {
  return (
    <Field label={label} note={note} trouble={trouble}>
      {described => (
        <select {...described} value={String(value)} onChange={event => onChange(options[event.currentTarget.selectedIndex]![0])}>
          {options.map(([key, text]) => (
            <option key={key} value={String(key)}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Switch({
  label,
  note,
  on,
  onChange,
}: {
  label: string;
  note?: ComponentChildren;
  on: boolean;
  onChange: (on: boolean) => void;
}) {
  const id = useId();
  return (
    <div class="switch-row">
      <label class="switch">
        <input
          type="checkbox"
          checked={on}
          aria-describedby={note ? id : undefined}
          onChange={event => onChange(event.currentTarget.checked)}
        />
        <span>{label}</span>
      </label>
      {note && (
        <small class="quiet" id={id}>
          {note}
        </small>
      )}
    </div>
  );
}

/** Fields and the one thing that is done with them. */
export function Form({
  work,
  submit,
  onSubmit,
  onCancel,
  danger,
  children,
}: {
  work: Work;
  submit: string;
  onSubmit: () => Promise<void>;
  onCancel?: () => void;
  danger?: boolean;
  children?: ComponentChildren;
}) {
  return (
    <form
      class="form"
      noValidate
      onSubmit={(event: TargetedEvent<HTMLFormElement>) => {
        event.preventDefault();
        void work.run(onSubmit);
      }}
    >
      {children}
      <p class="field-trouble" role="alert">
        {work.troubles.value['']}
      </p>
      <div class="form-foot">
        <button type="submit" class={danger ? 'button danger' : 'button primary'} aria-disabled={work.busy.value}>
          {work.busy.value ? s('working') : submit}
        </button>
        {onCancel && (
          <button type="button" class="button" onClick={onCancel}>
            {t('cancel')}
          </button>
        )}
      </div>
    </form>
  );
}

/** What is being fetched, could not be, or is there. */
export function Loaded<T>({
  of,
  retry,
  children,
}: {
  of: Signal<T | Error | null>;
  retry: () => void;
  children: (value: T) => ComponentChildren;
}) {
  const value = of.value;
  if (value === null)
    return (
      <p class="quiet" role="status">
        {t('loading')}
      </p>
    );
  if (value instanceof Error)
    return (
      <div class="load-trouble" role="alert">
        <p>{troubleText(value)}</p>
        <Small onClick={retry}>{t('retry')}</Small>
      </div>
    );
  return <>{children(value)}</>;
}

/** Puts it into the clipboard, and says so. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  return (
    <Small
      onClick={() => {
        void navigator.clipboard.writeText(text).then(
          () => notify({ text: s('copied') }),
          () => notify({ kind: 'trouble', text: s('notCopied') }),
        );
      }}
    >
      {label ?? t('copy')}
    </Small>
  );
}
