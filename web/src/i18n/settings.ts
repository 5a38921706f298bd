// The words of the settings.
import { wordsOf, type In } from './part';
import type { en } from './settings-en';

export type SettingsKey = keyof typeof en;
export type SettingsWords = In<typeof en>;

export const {
  loadWords,
  followLanguage,
  say: s,
} = wordsOf<typeof en>({
  en: async () => (await import('./settings-en')).en,
  de: async () => (await import('./settings-de')).de,
  bg: async () => (await import('./settings-bg')).bg,
});
