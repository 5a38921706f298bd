// Words in the reader's language. English is there from the start; the others come when they are asked for. A key that a language lacks is an
// error of the compiler.
import { signal } from '@preact/signals';
import { en } from './en';

export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Key = keyof typeof en;
export type Messages = { [K in Key]: (typeof en)[K] extends string ? string : Plural };

export const languages = { en: 'English', de: 'Deutsch', bg: 'Български' } as const;
export type Language = keyof typeof languages;

const rightToLeft = /^(ar|fa|he|ur|yi)\b/;
export const language = signal<Language>('en');
const messages = signal<Messages>(en);
let plurals = new Intl.PluralRules('en');

const load: Record<Language, () => Promise<Messages>> = {
  en: async () => en,
  de: async () => (await import('./de')).de,
  bg: async () => (await import('./bg')).bg,
};

export const isRightToLeft = (): boolean => rightToLeft.test(language.value);

/** The language that was chosen, else the first of the browser's that there is. */
export function wanted(stored: string | null, browser: readonly string[]): Language {
  for (const one of [stored, ...browser]) {
    const short = one?.toLowerCase().split('-')[0];
    if (short && short in languages) return short as Language;
  }
  return 'en';
}

export async function speak(next: Language): Promise<void> {
  const words = await load[next]();
  plurals = new Intl.PluralRules(next);
  messages.value = words;
  language.value = next;
  document.documentElement.lang = next;
  document.documentElement.dir = isRightToLeft() ? 'rtl' : 'ltr';
}

export type Values = Record<string, string | number>;

export function t(key: Key, values: Values = {}): string {
  return format(messages.value[key], values, plurals, language.value);
}

export function format(message: string | Plural, values: Values, rules: Intl.PluralRules, locale: string): string {
  const n = Number(values['n'] ?? 0);
  const text = typeof message === 'string' ? message : (message[rules.select(n)] ?? message.other);
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? value.toLocaleString(locale) : (value ?? '');
  });
}
