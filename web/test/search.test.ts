import { describe, expect, test } from 'vitest';
import { dateOf, filterOf, isWhole, parse, sizeOf, write } from '../src/search/parser';

const mailboxOf = (name: string) => ({ inbox: 'm1', 'summer house': 'm2' })[name.toLowerCase()] ?? null;
const filter = (text: string) => filterOf(parse(text), mailboxOf);

describe('terms', () => {
  test.each([
    ['word', { text: 'word' }],
    ['"two words"', { text: 'two words' }],
    ['from:anna', { from: 'anna' }],
    ['FROM:Anna', { from: 'Anna' }],
    ['subject:"summer house"', { subject: 'summer house' }],
    ['has:attachment', { hasAttachment: true }],
    ['is:unread', { notKeyword: '$seen' }],
    ['is:starred', { hasKeyword: '$flagged' }],
    ['in:inbox', { inMailbox: 'm1' }],
    ['in:"Summer House"', { inMailbox: 'm2' }],
    ['larger:5M', { minSize: 5 * 1024 * 1024 }],
    ['-draft', { operator: 'NOT', conditions: [{ text: 'draft' }] }],
    ['-from:"Bob Hansen"', { operator: 'NOT', conditions: [{ from: 'Bob Hansen' }] }],
    // Not ours: words, as they were typed.
    ['10:30', { text: '10:30' }],
    ['https://example.org/a', { text: 'https://example.org/a' }],
    ['has:nothing', { text: 'has:nothing' }],
    ['in:nowhere', { text: 'in:nowhere' }],
    ['before:soon', { text: 'before:soon' }],
    ['"never closed', { text: 'never closed' }],
    ['тема', { text: 'тема' }],
  ])('%s', (text, expected) => {
    expect(filter(text)).toEqual(expected);
  });

  test('several are all asked for', () => {
    expect(filter('from:anna has:attachment boat')).toEqual({
      operator: 'AND',
      conditions: [{ from: 'anna' }, { hasAttachment: true }, { text: 'boat' }],
    });
  });

  test('nothing asks for nothing', () => {
    for (const text of ['', '   ', '""', 'from:', '-'])
      expect(filter(text), text).toSatisfy(f => f === null || JSON.stringify(f).includes('"text"'));
    expect(filter('')).toBeNull();
  });

  test('what is written is read again as the same', () => {
    for (const text of ['from:anna', 'subject:"a b"', '-is:unread', '"two words"', '-"x y"', 'before:2026-01-31', '"from:x"', '"-x"']) {
      const [term] = parse(text);
      const [again] = parse(write(term!));
      expect({ ...again, raw: '' }, text).toEqual({ ...term, raw: '' });
    }
  });

  test('half an operator is no piece yet', () => {
    expect(isWhole(parse('from:x')[0]!, mailboxOf)).toBe(true);
    expect(isWhole(parse('before:20')[0]!, mailboxOf)).toBe(false);
    expect(isWhole(parse('word')[0]!, mailboxOf)).toBe(false);
  });
});

describe('days', () => {
  const local = (y: number, m: number, d: number) => new Date(y, m - 1, d).toISOString().replace('.000Z', 'Z');
  test.each([
    ['2026-01-31', local(2026, 1, 31)],
    ['2026/1/3', local(2026, 1, 3)],
    ['2026-02', local(2026, 2, 1)],
    ['2026', local(2026, 1, 1)],
    ['2026-02-30', null],
    ['2026-13-01', null],
    ['26-01-01', null],
    ['yesterday', null],
  ])('%s', (text, expected) => {
    expect(dateOf(text)).toBe(expected);
  });

  test('some time ago', () => {
    const now = new Date(2026, 10, 30, 12);
    expect(dateOf('7d', now)).toBe(new Date(2026, 10, 23, 12).toISOString().replace('.000Z', 'Z'));
    expect(dateOf('1y', now)).toBe(new Date(2025, 10, 30, 12).toISOString().replace('.000Z', 'Z'));
  });
});

test('sizes', () => {
  expect(sizeOf('300')).toBe(300);
  expect(sizeOf('1.5k')).toBe(1536);
  expect(sizeOf('2MB')).toBe(2 * 1024 ** 2);
  expect(sizeOf('big')).toBeNull();
});
