import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { t, type Key } from '../i18n';
import { Icon, IconButton } from '../app/icons';
import { go, route } from '../app/route';
import type { View } from '../app/mailbox-view';
import { isWhole, parse, write, type Term } from './parser';

const hints: [string, Key][] = [
  ['from:', 'search.from'],
  ['to:', 'search.to'],
  ['subject:', 'search.subject'],
  ['has:attachment', 'search.attachment'],
  ['is:unread', 'search.unread'],
  ['is:starred', 'search.starred'],
  ['in:', 'search.in'],
  ['before:', 'search.before'],
  ['after:', 'search.after'],
  ['larger:5M', 'search.larger'],
];

/** The search field. What is understood becomes a piece that can be taken away; results come while one types. */
export function SearchBox({ view }: { view: View }) {
  const chips = useSignal<Term[]>([]),
    text = useSignal(''),
    open = useSignal(false),
    at = useSignal(-1);
  const input = useRef<HTMLInputElement>(null),
    timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined),
    sent = useRef('');
  useSignalEffect(() => {
    const search = route.value.search;
    if (search === null) {
      if (sent.current !== '') {
        chips.value = [];
        text.value = '';
        sent.current = '';
      }
      return;
    }
    if (search === sent.current) return;
    sent.current = search;
    const terms = parse(search);
    chips.value = terms.filter(term => isWhole(term, name => view.mailboxNamed(name)));
    text.value = terms
      .filter(term => !chips.peek().includes(term))
      .map(write)
      .join(' ');
  });
  const whole = () => [...chips.value.map(write), text.value.trim()].filter(Boolean).join(' ');
  const search = (now: boolean) => {
    clearTimeout(timer.current);
    const run = () => {
      const query = whole();
      if (query === '') {
        if (route.peek().search !== null) {
          sent.current = '';
          go({ search: null, mailbox: view.store.byRole('inbox')?.id ?? null, email: null });
        }
        return;
      }
      const first = route.peek().search === null;
      sent.current = query;
      go({ search: query, mailbox: null, email: null }, !first);
    };
    if (now) run();
    else timer.current = setTimeout(run, 250);
  };
  const typed = (value: string) => {
    open.value = true;
    at.value = -1;
    // A space after an operator closes it.
    const done = /(?:^|\s)(-?[a-z]+:(?:"[^"]*"|[^\s"]+))\s$/i.exec(value);
    const term = done ? parse(done[1]!)[0] : undefined;
    if (term && isWhole(term, name => view.mailboxNamed(name))) {
      chips.value = [...chips.value, term];
      text.value = value.slice(0, done!.index).trim();
    } else text.value = value;
    search(false);
  };
  const last = text.value.split(/\s+/).at(-1)!.toLowerCase();
  const shown = open.value
    ? hints
        .filter(([word]) => (last === '' ? chips.value.length === 0 : word.startsWith(last) && word !== last))
        .slice(0, last === '' ? 10 : 6)
    : [];
  const pick = (word: string) => {
    const start = text.value.slice(0, text.value.length - last.length);
    input.current?.focus();
    if (word.endsWith(':')) {
      text.value = start + word;
      at.value = -1;
      return;
    }
    text.value = start.trim();
    chips.value = [...chips.value, ...parse(word)];
    search(true);
  };
  const keys = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === 'Enter') {
      const hint = shown[at.value];
      if (hint) pick(hint[0]);
      else {
        close();
        search(true);
        document.querySelector<HTMLElement>('.rows')?.focus();
      }
    } else if (event.key === 'ArrowDown' && shown.length > 0) at.value = (at.value + 1) % shown.length;
    else if (event.key === 'ArrowUp' && shown.length > 0) at.value = ((at.value + shown.length) % (shown.length + 1)) - 1;
    else if (
      event.key === 'Backspace' &&
      input.current?.selectionStart === 0 &&
      input.current.selectionEnd === 0 &&
      chips.value.length > 0
    ) {
      const gone = chips.value.at(-1)!;
      chips.value = chips.value.slice(0, -1);
      text.value = write(gone) + (text.value ? ` ${text.value}` : '');
    } else if (event.key === 'Escape') {
      if (open.value) open.value = false;
      else input.current?.blur();
    } else return;
    event.preventDefault();
  };
  const close = () => {
    open.value = false;
    at.value = -1;
  };
  const clear = () => {
    chips.value = [];
    text.value = '';
    search(true);
    input.current?.focus();
  };
  return (
    <div
      class="search"
      role="search"
      onFocusOut={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) close();
      }}
    >
      <Icon name="search" size={18} />
      {chips.value.map((term, i) => (
        <span key={i} class="chip search-chip">
          <bdi>{write(term)}</bdi>
          <button
            type="button"
            aria-label={t('search.remove', { term: write(term) })}
            onClick={() => {
              chips.value = chips.value.filter(c => c !== term);
              search(true);
            }}
          >
            <Icon name="close" size={14} />
          </button>
        </span>
      ))}
      <input
        ref={input}
        type="text"
        inputMode="search"
        enterKeyHint="search"
        dir="auto"
        aria-label={t('search.label')}
        placeholder={chips.value.length === 0 ? t('search.label') : ''}
        spellcheck={false}
        autoComplete="off"
        role="combobox"
        aria-expanded={shown.length > 0}
        aria-controls="search-hints"
        aria-autocomplete="list"
        aria-activedescendant={at.value >= 0 ? `search-hint-${at.value}` : undefined}
        value={text.value}
        onInput={event => typed(event.currentTarget.value)}
        onFocus={() => {
          open.value = true;
        }}
        onClick={() => {
          open.value = true;
        }}
        onKeyDown={keys}
      />
      {(chips.value.length > 0 || text.value !== '') && <IconButton icon="close" label={t('search.clear')} onClick={clear} />}
      {shown.length > 0 && (
        <ul class="suggestions" id="search-hints" role="listbox" aria-label={t('search.hints')}>
          {shown.map(([word, what], i) => (
            <li
              key={word}
              id={`search-hint-${i}`}
              role="option"
              aria-selected={i === at.value}
              onMouseDown={event => {
                event.preventDefault();
                pick(word);
              }}
            >
              <code>{word}</code>
              <span class="quiet">{t(what)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
