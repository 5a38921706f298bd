import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Avatar } from '../app/avatar';
import { Icon, IconButton } from '../app/icons';
import { language } from '../i18n';
import { c } from '../i18n/contacts';
import { scrollFor, windowOf } from '../list/window';
import { shownName, sorted } from './acts';
import type { Book } from './book';
import { addressesOf, companyOf, fold, isGroup, textOf, type Card } from './card';
import { cardFrom } from './edit';
import type { Page } from './index';

const rowHeight = 60;
const texts = new WeakMap<Card, string>();

/** Who has all words of the search somewhere. */
export function matching(cards: readonly Card[], search: string): readonly Card[] {
  const words = fold(search).split(/\s+/).filter(Boolean);
  if (words.length === 0) return cards;
  return cards.filter(card => {
    let text = texts.get(card);
    if (text === undefined) texts.set(card, (text = textOf(card)));
    return words.every(word => text.includes(word));
  });
}

export function ContactList({ page, book, openId }: { page: Page; book: Book; openId: string }) {
  const { search, shown } = page;
  const all = useComputed(() => sorted(book.cards.value.values(), language.value));
  useSignalEffect(() => {
    shown.value = matching(all.value, search.value);
  });
  const total = shown.value.length;
  return (
    <>
      <div class="contacts-search" role="search">
        <Icon name="search" size={18} />
        <input
          type="text"
          autoComplete="off"
          spellcheck={false}
          aria-label={c('search')}
          placeholder={c('search')}
          value={search.value}
          onInput={event => {
            search.value = event.currentTarget.value;
          }}
          onKeyDown={event => {
            if (event.key === 'Escape' && search.peek() !== '') {
              search.value = '';
              event.stopPropagation();
            } else if (event.key === 'Enter' || event.key === 'ArrowDown') {
              const first = shown.peek()[0];
              if (!first) return;
              event.preventDefault();
              page.open(first.id);
            }
          }}
        />
        {search.value !== '' && (
          <IconButton
            icon="close"
            label={c('clear')}
            onClick={() => {
              search.value = '';
            }}
          />
        )}
      </div>
      <p class="contacts-count" role="status">
        {book.ready.value ? c('count', { n: total }) : c('loading')}
      </p>
      {book.ready.value && total === 0 ? <Nobody page={page} isEmpty={all.value.length === 0} /> : <Rows page={page} openId={openId} />}
    </>
  );
}

function Nobody({ page, isEmpty }: { page: Page; isEmpty: boolean }) {
  const text = page.search.value.trim();
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={isEmpty ? 'people' : 'search'} size={36} />
      </span>
      <p>{c(isEmpty ? 'empty' : 'nothing')}</p>
      {isEmpty && <p class="quiet">{c('emptyNote')}</p>}
      <button type="button" class="button" onClick={() => page.edit({ fresh: isEmpty ? {} : cardFrom(text) })}>
        <Icon name="plus" size={18} />
        <span class="ellipsis">{isEmpty ? c('new') : c('addThis', { text })}</span>
      </button>
    </div>
  );
}

function Rows({ page, openId }: { page: Page; openId: string }) {
  const cards = page.shown.value;
  const ref = useRef<HTMLDivElement>(null);
  const scroll = useSignal(0),
    height = useSignal(typeof innerHeight === 'undefined' ? 800 : innerHeight);
  useEffect(() => {
    const element = ref.current!;
    const observer = new ResizeObserver(() => {
      height.value = element.clientHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // What is open is in sight, and has the focus if the list had it.
  useEffect(() => {
    const element = ref.current!;
    const index = openId ? cards.findIndex(card => card.id === openId) : -1;
    if (index < 0) return;
    const to = scrollFor(index, element.scrollTop, element.clientHeight, rowHeight);
    if (to !== null) element.scrollTop = to;
    if (element.contains(document.activeElement))
      requestAnimationFrame(() => element.querySelector<HTMLElement>('[aria-current]')?.focus({ preventScroll: true }));
  }, [openId]);
  const { from, to } = windowOf(scroll.value, height.value, rowHeight, cards.length);
  return (
    <div
      class="contacts-rows"
      ref={ref}
      onScroll={event => {
        scroll.value = event.currentTarget.scrollTop;
      }}
      onKeyDown={event => {
        const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        const at = Math.max(
          0,
          cards.findIndex(card => card.id === openId),
        );
        const next = cards[Math.max(0, Math.min(cards.length - 1, at + by))];
        if (next) page.open(next.id);
      }}
    >
      <ul aria-label={c('list')} style={{ height: `${cards.length * rowHeight}px` }}>
        {cards.slice(from, to).map((card, i) => (
          <li key={card.id} style={{ top: `${(from + i) * rowHeight}px` }} aria-setsize={cards.length} aria-posinset={from + i + 1}>
            <Row page={page} card={card} isOpen={card.id === openId} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Row({ page, card, isOpen }: { page: Page; card: Card; isOpen: boolean }) {
  const name = shownName(card);
  const second = isGroup(card)
    ? c('memberCount', { n: Object.keys(card.members ?? {}).length })
    : [addressesOf(card)[0], companyOf(card), Object.values(card.phones ?? {})[0]?.number].find(text => text && text !== name);
  return (
    <a
      class={isOpen ? 'contact current' : 'contact'}
      href={`#/contacts/${encodeURIComponent(card.id)}`}
      aria-current={isOpen ? 'true' : undefined}
      onClick={event => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        page.open(card.id);
      }}
    >
      <Face card={card} />
      <span class="contact-text">
        <span class="ellipsis" dir="auto">
          {name}
        </span>
        {second && (
          <small class="ellipsis quiet" dir="auto">
            {second}
          </small>
        )}
      </span>
    </a>
  );
}

export const Face = ({ card }: { card: Card }) =>
  isGroup(card) ? (
    <span class="avatar of-group" aria-hidden="true">
      <Icon name="people" size={18} />
    </span>
  ) : (
    <Avatar name={shownName(card)} email={addressesOf(card)[0] ?? shownName(card)} />
  );
