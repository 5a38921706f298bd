// The words of the address book.
import { wordsOf, type In } from './part';
import type { en } from './contacts-en';

export type ContactsKey = keyof typeof en;
export type ContactsWords = In<typeof en>;

export const {
  loadWords,
  followLanguage,
  say: c,
} = wordsOf<typeof en>({
  en: async () => (await import('./contacts-en')).en,
  de: async () => (await import('./contacts-de')).de,
  bg: async () => (await import('./contacts-bg')).bg,
});
