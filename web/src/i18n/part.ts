// The words of a part of the program that is loaded when it is needed: those of one language, which come with it and not before the first list.
import { effect, signal } from '@preact/signals';
import { format, language, type Language, type Plural, type Values } from './index';

type Words = Record<string, string | Plural>;
/** A language must say every key of English, in words of the same shape. */
export type In<W extends Words> = { [K in keyof W]: W[K] extends string ? string : Plural };

export function wordsOf<W extends Words>(load: Record<Language, () => Promise<In<W>>>) {
  const spoken = signal<{ words: In<W>; language: Language; rules: Intl.PluralRules } | null>(null);
  /** When the words of the language now chosen are there. */
  const loadWords = async (next: Language = language.peek()): Promise<void> => {
    const words = await load[next]();
    if (next === language.peek()) spoken.value = { words, language: next, rules: new Intl.PluralRules(next) };
  };
  return {
    loadWords,
    followLanguage: (): (() => void) =>
      effect(() => {
        void loadWords(language.value).catch(() => {});
      }),
    say: (key: keyof W & string, values: Values = {}): string => {
      // The pages are shown when the words are there; a test has none.
      if (!spoken.value) return key;
      const { words, language: locale, rules } = spoken.value;
      return format(words[key], values, rules, locale);
    },
  };
}
