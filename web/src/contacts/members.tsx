import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Icon } from '../app/icons';
import { language } from '../i18n';
import { c } from '../i18n/contacts';
import { shownName, sorted } from './acts';
import type { Book } from './book';
import { addressesOf, isGroup } from './card';
import { matching } from './list';

/** Who is in a group: names that can be taken away, and others found while their name is typed. */
export function MemberPicker({ book, members, onChange }: { book: Book; members: readonly string[]; onChange: (uids: string[]) => void }) {
  const text = useSignal(''),
    at = useSignal(0);
  const id = useId();
  const there = new Set(members);
  const people = sorted(
    [...book.cards.value.values()].filter(card => !isGroup(card)),
    language.value,
  );
  const chosen = people.filter(card => there.has(card.uid));
  const found =
    text.value.trim() === ''
      ? []
      : matching(people, text.value)
          .filter(card => !there.has(card.uid))
          .slice(0, 6);
  const add = (uid: string) => {
    onChange([...members, uid]);
    text.value = '';
    at.value = 0;
  };
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing || found.length === 0) return;
    if (event.key === 'ArrowDown') at.value = (at.value + 1) % found.length;
    else if (event.key === 'ArrowUp') at.value = (at.value + found.length - 1) % found.length;
    else if (event.key === 'Enter') add(found[at.value]!.uid);
    else if (event.key === 'Escape') text.value = '';
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="field member-picker">
      <label for={id}>{c('members')}</label>
      {chosen.length > 0 && (
        <ul class="member-chips">
          {chosen.map(card => (
            <li class="chip" key={card.id}>
              <bdi>{shownName(card)}</bdi>
              <button
                type="button"
                aria-label={c('removeMember', { name: shownName(card) })}
                onClick={() => onChange(members.filter(uid => uid !== card.uid))}
              >
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="member-search">
        <input
          id={id}
          type="text"
          role="combobox"
          autoComplete="off"
          spellcheck={false}
          dir="auto"
          placeholder={c('addMember')}
          aria-autocomplete="list"
          aria-expanded={found.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={found.length > 0 ? `${id}-${at.value}` : undefined}
          value={text.value}
          onInput={event => {
            text.value = event.currentTarget.value;
            at.value = 0;
          }}
          onKeyDown={keys}
        />
        {found.length > 0 && (
          <ul class="suggestions" id={`${id}-list`} role="listbox" aria-label={c('members')}>
            {found.map((card, i) => (
              <li
                key={card.id}
                id={`${id}-${i}`}
                role="option"
                aria-selected={i === at.value}
                onMouseDown={event => {
                  event.preventDefault();
                  add(card.uid);
                }}
              >
                <strong dir="auto">{shownName(card)}</strong>
                <span class="quiet">{addressesOf(card)[0]}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
