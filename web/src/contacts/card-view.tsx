import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { openMenu } from '../app/dialog';
import { Icon, IconButton } from '../app/icons';
import { language } from '../i18n';
import { c } from '../i18n/contacts';
import { downloadUrl } from '../jmap/transfer';
import { troubleText } from '../mail/actions';
import { notify } from '../mail/undo';
import { deleteCard, setMember, shownName, sorted, writeTo } from './acts';
import type { Book } from './book';
import { addressesOf, byPref, companyOf, isGroup, membersOf, photoOf, type Card } from './card';
import { Details } from './details';
import { exportOne } from './exchange';
import type { Page } from './index';
import { Face } from './list';

/** A card: what its line says at once, the rest when it has come. */
export function CardView({ page, book, row }: { page: Page; book: Book; row: Card }) {
  const whole = useSignal<Card | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    let isMine = true;
    book.whole(row.id).then(
      card => {
        if (isMine) whole.value = card;
      },
      (error: unknown) => notify({ kind: 'trouble', text: troubleText(error) }),
    );
    return () => {
      isMine = false;
    };
  }, [row]);
  // What had the focus is gone: a form that was saved, a row that a phone no longer shows.
  useEffect(() => {
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) title.current?.focus({ preventScroll: true });
    });
  }, []);
  const card = whole.value ?? row;
  const name = shownName(card);
  const members = isGroup(card) ? sorted(membersOf(card, book.cards.value.values()), language.value) : [];
  const writable = isGroup(card) ? members.filter(m => addressesOf(m).length > 0) : addressesOf(card).length > 0 ? [card] : [];
  const more = (event: MouseEvent) => {
    const at = event.currentTarget as HTMLElement;
    openMenu(at, c('more'), [
      ...(isGroup(card)
        ? []
        : [{ label: c('setGroups', { name }), icon: 'people' as const, run: () => groupsMenu(at, page, book, card) }, null]),
      {
        label: c('exportOne'),
        icon: 'file',
        run: () => {
          void exportOne(page.view, card);
        },
      },
      {
        label: c('delete'),
        icon: 'trash',
        hint: '#',
        run: () => {
          void deleteCard(page.view, card.id);
          page.open('');
        },
      },
    ]);
  };
  return (
    <div class="contact-card">
      <header class="contact-bar">
        <IconButton class="contact-back" icon="back" label={c('back')} hint="u" onClick={() => page.open('')} />
        <span class="spring" />
        <button
          type="button"
          class="button"
          data-act="edit"
          disabled={!whole.value}
          onClick={() => whole.value && page.edit({ card: whole.value })}
        >
          <Icon name="compose" size={18} />
          {c('edit')}
        </button>
        <IconButton icon="more" label={c('more')} disabled={!whole.value} onClick={more} />
      </header>
      <div class="contact-who">
        <Portrait page={page} card={card} />
        <div>
          <h2 tabIndex={-1} ref={title} dir="auto">
            {name}
          </h2>
          <p class="quiet" dir="auto">
            {isGroup(card) ? c('group') : [byPref(card.titles)[0]?.[1].name, companyOf(card)].filter(x => x && x !== name).join(', ')}
          </p>
        </div>
        {writable.length > 0 && (
          <button
            type="button"
            class="button primary"
            onClick={() => {
              void writeTo(page.view, writable);
            }}
          >
            <Icon name="read" size={18} />
            {c(isGroup(card) ? 'writeAll' : 'write')}
          </button>
        )}
      </div>
      {isGroup(card) ? <Members members={members} page={page} /> : <Details page={page} card={card} book={book} />}
    </div>
  );
}

// The picture of a card, if the browser can show it.
function Portrait({ page, card }: { page: Page; card: Card }) {
  const isBroken = useSignal(false);
  const photo = photoOf(card);
  if (!photo || isBroken.value) return <Face card={card} />;
  return (
    <img
      class="contact-photo"
      alt=""
      src={downloadUrl(page.view.client.session, photo.blobId!, 'photo', photo.mediaType ?? 'image/jpeg')}
      onError={() => {
        isBroken.value = true;
      }}
    />
  );
}

function groupsMenu(at: HTMLElement, page: Page, book: Book, card: Card): void {
  const groups = sorted([...book.cards.peek().values()].filter(isGroup), language.peek());
  if (groups.length === 0) {
    notify({
      text: c('noGroups'),
      action: { label: c('newGroup'), run: () => page.edit({ fresh: { kind: 'group', members: { [card.uid]: true } } }) },
    });
    return;
  }
  openMenu(
    at,
    c('setGroups', { name: shownName(card) }),
    groups.map(group => ({
      label: shownName(group),
      toggles: true,
      checked: group.members?.[card.uid] === true,
      run: () => {
        void setMember(page.view, group, card.uid, group.members?.[card.uid] !== true);
      },
    })),
  );
}

function Members({ members, page }: { members: Card[]; page: Page }) {
  if (members.length === 0) return <p class="quiet contact-none">{c('noMembers')}</p>;
  return (
    <section class="contact-details" aria-label={c('members')}>
      <ul class="contact-members">
        {members.map(one => (
          <li key={one.id}>
            <CardLink page={page} card={one} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function CardLink({ page, card }: { page: Page; card: Card }) {
  return (
    <a
      class="contact"
      href={`#/contacts/${encodeURIComponent(card.id)}`}
      onClick={event => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        page.open(card.id);
      }}
    >
      <Face card={card} />
      <span class="contact-text">
        <span class="ellipsis" dir="auto">
          {shownName(card)}
        </span>
        <small class="ellipsis quiet">{addressesOf(card)[0]}</small>
      </span>
    </a>
  );
}
