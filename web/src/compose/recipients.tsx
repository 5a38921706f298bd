import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../i18n';
import type { EmailAddress } from '../jmap/types';
import { Icon } from '../app/icons';
import { fullOf, isAddress, nameOf, parseAddresses } from '../mail/people';
import { suggest } from './people';

/** People as pieces that can be taken away; typed, pasted or suggested. */
export function RecipientField({
  label,
  list,
  onChange,
  trouble,
  focus,
  children,
}: {
  label: string;
  list: EmailAddress[];
  onChange: (list: EmailAddress[]) => void;
  trouble?: string | null;
  focus?: boolean;
  children?: preact.ComponentChildren;
}) {
  const text = useSignal(''),
    at = useSignal(0),
    open = useSignal(false);
  const input = useRef<HTMLInputElement>(null),
    id = useId();
  useEffect(() => {
    if (focus) input.current?.focus();
  }, []);
  const found = open.value ? suggest(text.value, new Set(list.map(a => a.email.toLowerCase()))) : [];
  const add = (addresses: EmailAddress[]) => {
    const there = new Set(list.map(a => a.email.toLowerCase()));
    const fresh = addresses.filter(a => !there.has(a.email.toLowerCase()));
    if (fresh.length > 0) onChange([...list, ...fresh]);
    text.value = '';
    open.value = false;
    at.value = 0;
  };
  const typed = (value: string) => {
    text.value = value;
    open.value = true;
    at.value = 0;
    if (/[,;\n]\s*$/.test(value) && parseAddresses(value).every(a => a.email.includes('@'))) add(parseAddresses(value));
  };
  const keys = (event: KeyboardEvent) => {
    const one = found[at.value];
    if (event.isComposing) return;
    if (event.key === 'ArrowDown' && found.length > 0) at.value = (at.value + 1) % found.length;
    else if (event.key === 'ArrowUp' && found.length > 0) at.value = (at.value + found.length - 1) % found.length;
    else if ((event.key === 'Enter' || (event.key === 'Tab' && !event.shiftKey)) && one) add(one.people);
    else if (event.key === 'Enter' && text.value.trim() !== '' && !event.ctrlKey && !event.metaKey) add(parseAddresses(text.value));
    else if (event.key === 'Backspace' && text.value === '' && list.length > 0) onChange(list.slice(0, -1));
    else if (event.key === 'Escape' && found.length > 0) {
      open.value = false;
      event.stopPropagation();
    } else return;
    event.preventDefault();
  };
  return (
    <div class="recipients">
      <label class="recipients-label" for={id}>
        {label}
      </label>
      <div
        class="recipients-list"
        onClick={event => {
          if (event.target === event.currentTarget) input.current?.focus();
        }}
      >
        {list.map((one, i) => (
          <span
            key={one.email}
            class={isAddress(one.email) ? 'chip' : 'chip wrong'}
            title={isAddress(one.email) ? fullOf(one) : t('compose.wrongAddress', { address: one.email })}
          >
            <bdi>{nameOf(one)}</bdi>
            <button
              type="button"
              aria-label={t('compose.remove', { name: nameOf(one) })}
              onClick={() => onChange(list.filter((_, j) => j !== i))}
            >
              <Icon name="close" size={14} />
            </button>
          </span>
        ))}
        <input
          ref={input}
          id={id}
          type="text"
          inputMode="email"
          autoComplete="off"
          autoCapitalize="none"
          spellcheck={false}
          dir="auto"
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={found.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={found.length > 0 ? `${id}-${at.value}` : undefined}
          aria-invalid={!!trouble}
          aria-describedby={trouble ? `${id}-trouble` : undefined}
          value={text.value}
          onInput={event => typed(event.currentTarget.value)}
          onKeyDown={keys}
          onPaste={event => {
            const pasted = event.clipboardData?.getData('text/plain') ?? '';
            if (/[,;\n<]/.test(pasted)) {
              event.preventDefault();
              add(parseAddresses(text.value + pasted));
            }
          }}
          onBlur={() => {
            if (text.value.trim() !== '') add(parseAddresses(text.value));
            open.value = false;
          }}
        />
        {found.length > 0 && (
          <ul class="suggestions" id={`${id}-list`} role="listbox" aria-label={label}>
            {found.map((one, i) => (
              <li
                key={`${one.email} ${one.name}`}
                id={`${id}-${i}`}
                role="option"
                aria-selected={i === at.value}
                onMouseDown={event => {
                  event.preventDefault();
                  add(one.people);
                }}
              >
                <strong dir="auto">{one.email ? nameOf(one) : one.name}</strong>
                {one.email === '' ? (
                  <span class="quiet ellipsis">{one.people.map(nameOf).join(', ')}</span>
                ) : (
                  nameOf(one) !== one.email && <span class="quiet">{one.email}</span>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
      {children}
      {trouble && (
        <p class="field-trouble" id={`${id}-trouble`} role="alert">
          {trouble}
        </p>
      )}
    </div>
  );
}
