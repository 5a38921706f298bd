// What is done to contacts; all of it can be undone.
import { go, route } from '../app/route';
import type { View } from '../app/mailbox-view';
import { t } from '../i18n';
import { c } from '../i18n/contacts';
import { download } from '../jmap/transfer';
import type { Id } from '../jmap/types';
import { troubleText } from '../mail/actions';
import { begun, did, notify } from '../mail/undo';
import { bookOf, type Book, type Patch } from './book';
import { isGroup, peopleOf, titleOf, type Card, type Media, type NewCard } from './card';

export const shownName = (card: Card | NewCard): string => titleOf(card as Card) || c('unnamed');

const failed = (error: unknown): void => {
  notify({ kind: 'trouble', text: troubleText(error) });
};

const back = (run: () => Promise<unknown>) => async () => {
  await run().catch(failed);
};

// A card that was deleted and came back has another id, and its uid still.
const idNow = (book: Book, id: Id, uid: string | undefined): Id => (uid === undefined ? undefined : book.byUid(uid)?.id) ?? id;

export async function addCard(view: View, card: NewCard): Promise<Id> {
  const book = bookOf(view);
  const id = await begun(book.createOne(card));
  const uid = book.cards.peek().get(id)?.uid;
  did({ label: c('did.add', { name: shownName(card) }), undo: back(() => book.destroy([idNow(book, id, uid)])) }, t('undo'));
  return id;
}

/** @param patch Whole properties of the card; null: it goes. */
export async function saveCard(view: View, before: Card, patch: Patch): Promise<void> {
  const book = bookOf(view);
  const old: Patch = Object.fromEntries(Object.keys(patch).map(key => [key, (before as unknown as Patch)[key] ?? null]));
  await begun(book.update({ [before.id]: patch }));
  const name = shownName({ ...before, ...patch } as Card);
  did({ label: c('did.save', { name }), undo: back(() => book.update({ [idNow(book, before.id, before.uid)]: old })) }, t('undo'));
}

export async function deleteCard(view: View, id: Id): Promise<void> {
  const book = bookOf(view);
  try {
    const card = await begun(removed(view, book, id));
    if (!card) return;
    const undo = async () => {
      const again = await book.createOne(bare(card));
      if (route.peek().contacts !== undefined) go({ contacts: again }, true);
    };
    did({ label: c('did.delete', { name: shownName(card) }), undo: back(undo) }, t('undo'));
  } catch (error) {
    failed(error);
  }
}

// The pictures of a card go with it: they are taken out first, so that undo can give them back.
async function removed(view: View, book: Book, id: Id): Promise<Card> {
  const card = await filled(view, await book.whole(id));
  await book.destroy([id]);
  return card;
}

/** Without what the server says of it; its uid stays, so that groups still have it. */
function bare(card: Card): NewCard {
  const { id: _, addressBookIds: __, ...rest } = card;
  return rest;
}

/** The card with its pictures in itself. */
export async function filled(view: View, card: Card): Promise<Card> {
  if (!Object.values(card.media ?? {}).some(m => m.blobId)) return card;
  const media: Record<string, Media> = {};
  for (const [key, one] of Object.entries(card.media ?? {})) {
    const { blobId, ...rest } = one;
    const type = one.mediaType ?? 'application/octet-stream';
    media[key] = blobId ? { ...rest, uri: `data:${type};base64,${base64(await download(view.client.session, blobId, type))}` } : one;
  }
  return { ...card, media };
}

function base64(octets: ArrayBuffer): string {
  const all = new Uint8Array(octets);
  let text = '';
  for (let at = 0; at < all.length; at += 8192) text += String.fromCharCode(...all.subarray(at, at + 8192));
  return btoa(text);
}

export async function setMember(view: View, group: Card, uid: string, isIn: boolean): Promise<void> {
  const book = bookOf(view);
  const { [uid]: was, ...others } = group.members ?? {};
  if ((was === true) === isIn) return;
  await saveCard(view, group, { members: isIn ? { ...group.members, [uid]: true } : others }).catch(failed);
  await book.sync().catch(() => {});
}

/** Somebody of a letter: a card, unless there is one. */
export async function addPerson(view: View, card: NewCard, email: string): Promise<void> {
  const book = bookOf(view);
  try {
    await book.load();
    const there = book.byAddress(email);
    if (there) {
      notify({ text: c('there', { name: shownName(there) }), action: { label: c('edit'), run: () => go({ contacts: there.id }) } });
      return;
    }
    await addCard(view, card);
  } catch (error) {
    failed(error);
  }
}

/** Opens a letter to a person, or to all of a group. */
export async function writeTo(view: View, cards: readonly Card[]): Promise<void> {
  const to = cards.flatMap(card => peopleOf(card).slice(0, 1));
  await (await import('../compose')).compose(view, { to });
}

export const sorted = (cards: Iterable<Card>, language: string): Card[] => {
  const collator = new Intl.Collator(language, { sensitivity: 'base', numeric: true });
  const named = [...cards].map(card => ({ card, title: titleOf(card) }));
  // Groups before people; who has no name comes last.
  named.sort(
    (a, b) =>
      Number(isGroup(b.card)) - Number(isGroup(a.card)) ||
      Number(a.title === '') - Number(b.title === '') ||
      collator.compare(a.title, b.title),
  );
  return named.map(one => one.card);
};
