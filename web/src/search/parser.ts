// The search language: `from:anna subject:"summer house" has:attachment before:2026-01-01 is:unread -draft`. Words become a filter of RFC 8621 §4.4.1.
import type { Filter, FilterCondition, Id } from '../jmap/types';

export const operators = [
  'from',
  'to',
  'cc',
  'subject',
  'body',
  'has',
  'is',
  'in',
  'before',
  'after',
  'larger',
  'smaller',
  'label',
] as const;
export type Operator = (typeof operators)[number];

export interface Term {
  /** Null: a word anywhere. */
  operator: Operator | null;
  value: string;
  not: boolean;
  /** As it was typed. */
  raw: string;
}

const flags: Record<string, { keyword: string; on: boolean }> = {
  unread: { keyword: '$seen', on: false },
  read: { keyword: '$seen', on: true },
  starred: { keyword: '$flagged', on: true },
  flagged: { keyword: '$flagged', on: true },
  answered: { keyword: '$answered', on: true },
  draft: { keyword: '$draft', on: true },
};

export function parse(text: string): Term[] {
  const out: Term[] = [];
  const word = /(-?)(?:([a-zA-Z]+):)?(?:"([^"]*)"?|([^\s"]+))/gu;
  for (const match of text.matchAll(word)) {
    const [raw, minus, name, quoted, bare] = match;
    const operator = operators.find(o => o === name?.toLowerCase()) ?? null;
    // "10:30" and "https://x" are words.
    const value = operator || !name ? (quoted ?? bare ?? '') : quoted !== undefined ? quoted : `${name}:${bare ?? ''}`;
    if (value !== '') out.push({ operator, value, not: minus === '-', raw });
  }
  return out;
}

export const write = (term: Term): string => {
  const value =
    /[\s"]/.test(term.value) || (term.operator === null && /^[a-z]+:|^-/i.test(term.value))
      ? `"${term.value.replace(/"/g, '')}"`
      : term.value;
  return `${term.not ? '-' : ''}${term.operator ? `${term.operator}:` : ''}${value}`;
};

/** Is the term one that we understand; `from:` of a half-typed word is not yet. */
export function isWhole(term: Term, mailboxOf: MailboxOf): boolean {
  return term.operator !== null && condition(term, mailboxOf) !== null;
}

type MailboxOf = (name: string) => Id | null;

/** Null: nothing is asked for. What is not understood counts as a word. */
export function filterOf(terms: readonly Term[], mailboxOf: MailboxOf): Filter | null {
  const conditions: Filter[] = terms.map(term => {
    const one = condition(term, mailboxOf) ?? { text: term.raw.replace(/^-/, '') };
    return term.not ? { operator: 'NOT', conditions: [one] } : one;
  });
  if (conditions.length === 0) return null;
  return conditions.length === 1 ? conditions[0]! : { operator: 'AND', conditions };
}

function condition({ operator, value }: Term, mailboxOf: MailboxOf): FilterCondition | null {
  switch (operator) {
    case null:
      return { text: value };
    case 'from':
    case 'to':
    case 'cc':
    case 'subject':
    case 'body':
      return { [operator]: value };
    case 'has':
      return /^attach/i.test(value) ? { hasAttachment: true } : null;
    case 'is':
      return flag(value.toLowerCase());
    case 'label':
      return { hasKeyword: value };
    case 'in': {
      const id = mailboxOf(value);
      return id === null ? null : { inMailbox: id };
    }
    case 'before':
    case 'after': {
      const at = dateOf(value);
      return at === null ? null : { [operator]: at };
    }
    case 'larger':
    case 'smaller': {
      const size = sizeOf(value);
      return size === null ? null : { [operator === 'larger' ? 'minSize' : 'maxSize']: size };
    }
  }
}

function flag(value: string): FilterCondition | null {
  const known = flags[value];
  return known ? (known.on ? { hasKeyword: known.keyword } : { notKeyword: known.keyword }) : null;
}

/** A day, month or year, in UTC as the server wants it; also "7d", "3w", "6m", "1y" ago. */
export function dateOf(value: string, now: Date = new Date()): string | null {
  const ago = /^(\d{1,4})([dwmy])$/i.exec(value);
  if (ago) {
    const date = new Date(now),
      n = Number(ago[1]);
    const unit = ago[2]!.toLowerCase();
    if (unit === 'd') date.setDate(date.getDate() - n);
    else if (unit === 'w') date.setDate(date.getDate() - 7 * n);
    else if (unit === 'm') date.setMonth(date.getMonth() - n);
    else date.setFullYear(date.getFullYear() - n);
    return utc(date);
  }
  const day = /^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?$/.exec(value);
  if (!day) return null;
  const [year, month, date] = [Number(day[1]), Number(day[2] ?? 1), Number(day[3] ?? 1)];
  const at = new Date(year, month - 1, date);
  return at.getFullYear() === year && at.getMonth() === month - 1 && at.getDate() === date ? utc(at) : null;
}

// RFC 8620 §1.4: UTCDate, no fraction of zero.
const utc = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

export function sizeOf(value: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(value);
  if (!match) return null;
  const unit = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[match[2]!.toLowerCase()] ?? 1;
  return Math.round(Number(match[1]) * unit);
}
