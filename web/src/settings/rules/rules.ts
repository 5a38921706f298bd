// Rules that are made without writing Sieve. They stand in a marked block of the active script, each as a comment that says what it is and the
// commands that do it; all other text of the script is left as it is. A block that somebody changed by hand is not touched either.
import { s } from '../../i18n/settings';
import { isAddress } from '../../mail/people';
import { FieldError } from '../work';

export const fields = ['from', 'to', 'subject', 'list'] as const;
export const hows = ['contains', 'not', 'is'] as const;

export interface Test {
  field: (typeof fields)[number];
  how: (typeof hows)[number];
  value: string;
}

export interface Rule {
  name: string;
  off?: true;
  /** All of the tests, not any. */
  all: boolean;
  tests: Test[];
  /** Its id and its path, which is a name to fall back on; null: it goes on as any other. */
  move: { id: string; path: string } | null;
  /** Away without a trace. */
  discard?: true;
  label?: string;
  read?: true;
  star?: true;
  forward?: string;
  stop: boolean;
}

/** What of the server's extensions the commands use. */
export interface Means {
  /** i;unicode-casemap: letters of all languages whatever their case. */
  fold: boolean;
  mailboxId: boolean;
}

export const meansOf = (extensions: ReadonlySet<string>): Means => ({
  fold: extensions.has('comparator-i;unicode-casemap'),
  mailboxId: extensions.has('mailboxid'),
});

export interface Block {
  before: string;
  after: string;
  /** Null: it was changed by hand. */
  rules: Rule[] | null;
  isThere: boolean;
}

const first = '# >>> rules of the webmail 1 ',
  last = '# <<< rules of the webmail',
  note = '# rule ';

const oneLine = (text: string): string => text.replace(/[\r\n\0\u2028\u2029]+/g, ' ');
const quote = (text: string): string => `"${oneLine(text).replace(/[\\"]/g, '\\$&')}"`;

function testOf({ field, how, value }: Test, means: Means): string {
  const fold = means.fold ? ':comparator "i;unicode-casemap" ' : '';
  const names = field === 'to' ? '["to", "cc"]' : field === 'list' ? '"list-id"' : `"${field}"`;
  const kind = how === 'is' && (field === 'from' || field === 'to') ? 'address' : 'header';
  return `${how === 'not' ? 'not ' : ''}${kind} ${how === 'is' ? ':is' : ':contains'} ${fold}${names} ${quote(value)}`;
}

function commands(rule: Rule, means: Means, needs: Set<string>): string[] {
  const flags = [...(rule.read ? ['\\Seen'] : []), ...(rule.star ? ['\\Flagged'] : []), ...(rule.label ? [rule.label] : [])];
  const out: string[] = [];
  if (flags.length > 0) needs.add('imap4flags');
  const list = `[${flags.map(quote).join(', ')}]`;
  if (rule.forward) {
    needs.add('copy');
    out.push(`redirect :copy ${quote(rule.forward)};`);
  }
  if (rule.discard) out.push('discard;');
  else if (rule.move) {
    needs.add('fileinto');
    if (means.mailboxId) needs.add('mailboxid');
    out.push(
      `fileinto ${flags.length > 0 ? `:flags ${list} ` : ''}${means.mailboxId ? `:mailboxid ${quote(rule.move.id)} ` : ''}${quote(rule.move.path)};`,
    );
  } else if (flags.length > 0) out.push(`addflag ${list};`);
  if (rule.stop) out.push('stop;');
  return out;
}

/** The block, without the end of its last line; empty when there are no rules. */
export function writeBlock(rules: readonly Rule[], means: Means): string {
  if (rules.length === 0) return '';
  const needs = new Set<string>();
  if (means.fold) needs.add('comparator-i;unicode-casemap');
  const body = rules.flatMap(rule => {
    const written = commands(rule, means, rule.off ? new Set() : needs);
    const tests = rule.tests.map(test => testOf(test, means)).join(', ');
    return [
      note + oneLine(JSON.stringify(rule)),
      ...(rule.off ? [] : [`if ${rule.all ? 'allof' : 'anyof'} (${tests}) {`, ...written.map(line => `    ${line}`), '}']),
    ];
  });
  const require = [...needs].map(quote).join(', ');
  return [first + JSON.stringify(means), ...(require ? [`require [${require}];`] : []), ...body, last].join('\n');
}

/** Finds the block of a script. */
export function readBlock(script: string): Block {
  const from = lineAt(script, first);
  const to = from < 0 ? -1 : lineAt(script, last, from);
  if (to < 0) {
    const at = afterRequires(script);
    return { before: script.slice(0, at), after: script.slice(at), rules: [], isThere: false };
  }
  const end = to + last.length;
  const rest = /^\r?\n/.exec(script.slice(end))?.[0].length ?? 0;
  const text = script.slice(from, end).replace(/\r\n/g, '\n');
  return { before: script.slice(0, from), after: script.slice(end + rest), rules: understood(text), isThere: true };
}

// Only what would be written word for word the same was made here.
function understood(text: string): Rule[] | null {
  const lines = text.split('\n');
  try {
    const means = JSON.parse(lines[0]!.slice(first.length)) as Means;
    const rules = lines.filter(line => line.startsWith(note)).map(line => JSON.parse(line.slice(note.length)) as Rule);
    return writeBlock(rules, means) === text ? rules : null;
  } catch {
    return null;
  }
}

/** The script with these rules; the rest of it octet for octet as it was. */
export function withRules(script: string, rules: readonly Rule[], means: Means): string {
  const { before, after } = readBlock(script);
  const block = writeBlock(rules, means);
  if (block === '') return before + after;
  const end = /\r\n/.test(script) ? '\r\n' : '\n';
  return before + (before === '' || before.endsWith('\n') ? '' : end) + (block + '\n').replace(/\n/g, end) + after;
}

function lineAt(text: string, start: string, from = 0): number {
  for (let at = text.indexOf(start, from); at >= 0; at = text.indexOf(start, at + 1)) if (at === 0 || text[at - 1] === '\n') return at;
  return -1;
}

// RFC 5228 §3.2: require stands before all other commands. Ours may follow those that are there, and what follows ours needs none.
function afterRequires(text: string): number {
  const blank = /(?:\s|#[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/y;
  const require = /require(?:\s|#[^\n]*\n|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\[\s\S])*"|[[\],])*;[ \t]*(?:#[^\n]*)?(?:\r?\n|$)?/iy;
  let at = 0;
  for (let end = 0; ;) {
    blank.lastIndex = at;
    blank.exec(text);
    require.lastIndex = blank.lastIndex;
    if (!require.exec(text)) return end;
    at = end = require.lastIndex;
  }
}

/** Throws what is wrong with a rule that is to be saved. */
export function judgeRule(rule: Rule): void {
  if (rule.tests.length === 0) throw new FieldError('tests', s('rule.noTest'));
  rule.tests.forEach((test, i) => {
    if (test.value.trim() === '') throw new FieldError(`test ${i}`, s('missing'));
  });
  // RFC 9051: flag-keyword = atom
  if (rule.label !== undefined && !/^[^\s\x00-\x20\x7f-\uffff(){%*"\\\]]{1,100}$/.test(rule.label))
    throw new FieldError('label', s('rule.badLabel'));
  if (rule.forward !== undefined && !isAddress(rule.forward)) throw new FieldError('forward', s('wrongAddress', { address: rule.forward }));
  if (!rule.move && !rule.discard && !rule.label && !rule.read && !rule.star && !rule.forward && !rule.stop)
    throw new FieldError('move', s('rule.nothing'));
}
