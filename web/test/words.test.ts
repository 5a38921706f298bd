import { expect, test } from 'vitest';
import { format, wanted, type Plural } from '../src/i18n';
import { bytes, shortDate } from '../src/i18n/dates';
import { bg } from '../src/i18n/bg';
import { de } from '../src/i18n/de';
import { en } from '../src/i18n/en';
import { initials } from '../src/app/avatar';

const values = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(m => m[1]!).sort();
const forms = (message: string | Plural): string[] => (typeof message === 'string' ? [message] : Object.values(message));

test.each([
  ['de', de],
  ['bg', bg],
] as const)('%s says everything, with the same values in it', (_, words) => {
  for (const [key, message] of Object.entries(en)) {
    const other = words[key as keyof typeof words] as string | Plural;
    for (const form of forms(other)) {
      expect(form.trim(), key).not.toBe('');
      expect(new Set(values(form)), key).toEqual(new Set(values(forms(message).at(-1)!)));
    }
    if (typeof other !== 'string')
      for (const rule of new Intl.PluralRules(_).resolvedOptions().pluralCategories) expect(other, `${key} ${rule}`).toHaveProperty(rule);
  }
  expect(Object.keys(words).sort()).toEqual(Object.keys(en).sort());
});

test('numbers choose their form and are written as the language writes them', () => {
  const rules = new Intl.PluralRules('de');
  expect(format(de['did.moved'], { n: 1, folder: 'Boot' }, rules, 'de')).toBe('1 Nachricht nach Boot verschoben');
  expect(format(de['did.moved'], { n: 12345, folder: 'Boot' }, rules, 'de')).toBe('12.345 Nachrichten nach Boot verschoben');
});

test('the language of the browser, when there is one', () => {
  expect(wanted(null, ['bg-BG', 'en'])).toBe('bg');
  expect(wanted('de', ['bg'])).toBe('de');
  expect(wanted(null, ['fr', 'xx'])).toBe('en');
});

test('dates are as short as they can be', () => {
  const now = new Date(2026, 10, 30, 12);
  expect(shortDate(new Date(2026, 10, 30, 9, 5).toISOString(), now)).toMatch(/09:05/);
  expect(shortDate(new Date(2026, 10, 28).toISOString(), now)).toBe('Sat');
  expect(shortDate(new Date(2026, 1, 3).toISOString(), now)).toBe('Feb 3');
  expect(shortDate(new Date(2024, 1, 3).toISOString(), now)).toBe('Feb 3, 2024');
});

test('sizes', () => {
  expect(bytes(1)).toBe('1 byte');
  expect(bytes(1536)).toBe('1.5 kB');
  expect(bytes(50 * 1024 * 1024)).toBe('50 MB');
});

test('initials', () => {
  expect(initials('Alice Marinova', 'a@b')).toBe('AM');
  expect(initials(null, 'bob@example.test')).toBe('B');
  expect(initials('', '')).toBe('?');
  expect(initials('Мама', 'm@b')).toBe('М');
});
