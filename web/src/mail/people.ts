// Names and addresses as people read them.
import type { EmailAddress, ListEmail } from '../jmap/types';

// Characters that turn the direction of text or cannot be seen: a name must not look like another.
const tricks = /[\u0000-\u001f\u007f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export const plainName = (text: string): string => text.replace(tricks, '').replace(/\s+/g, ' ').trim();

/** What stands for a person; a name that looks like an address of somebody else is not believed. */
export function nameOf(address: EmailAddress): string {
  const name = plainName(address.name ?? '');
  const email = plainName(address.email);
  return name === '' || (name.includes('@') && name.toLowerCase() !== email.toLowerCase()) ? email : name;
}

export const fullOf = (address: EmailAddress): string => {
  const name = nameOf(address),
    email = plainName(address.email);
  return name === email ? email : `${name} <${email}>`;
};

const firstName = (name: string): string => (name.includes('@') ? name.split('@')[0]! : name.split(' ')[0]!);

export interface Participants {
  names: { name: string; me: boolean; unread: boolean }[];
  draft: boolean;
}

/** Who wrote in a conversation, oldest first, each once; at most the first and the last two. One alone has the full name. */
export function participants(rows: readonly ListEmail[], me: string): Participants {
  const people = new Map<string, { name: string; me: boolean; unread: boolean }>();
  let draft = false;
  for (const row of rows) {
    if (row.keywords['$draft']) {
      draft = true;
      continue;
    }
    const from = row.from?.[0];
    if (!from) continue;
    const key = from.email.toLowerCase();
    const unread = !row.keywords['$seen'] || (people.get(key)?.unread ?? false);
    people.set(key, { name: nameOf(from), me: key === me.toLowerCase(), unread });
  }
  const all = [...people.values()];
  const names = all.length > 3 ? [all[0]!, all.at(-2)!, all.at(-1)!] : all;
  if (names.length > 1) for (const one of names) one.name = firstName(one.name);
  return { names, draft };
}

/** RFC 5322 §3.4 as a person types it: names with and without quotes, addresses with and without brackets, commas or semicolons between. */
export function parseAddresses(text: string): EmailAddress[] {
  const out: EmailAddress[] = [];
  let part = '',
    quoted = false,
    bracket = false;
  const take = () => {
    const one = parseAddress(part);
    if (one) out.push(one);
    part = '';
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\\' && quoted) {
      part += c + (text[++i] ?? '');
      continue;
    }
    if (c === '"') quoted = !quoted;
    else if (c === '<' && !quoted) bracket = true;
    else if (c === '>' && !quoted) bracket = false;
    if ((c === ',' || c === ';' || c === '\n') && !quoted && !bracket) take();
    else part += c;
  }
  take();
  return out;
}

function parseAddress(text: string): EmailAddress | null {
  const one = text.trim();
  if (one === '') return null;
  const angle = /^(.*?)<([^<>]*)>\s*$/s.exec(one);
  const email = (angle ? angle[2]! : one.replace(/^mailto:/i, '')).trim();
  const name = angle
    ? plainName(
        angle[1]!
          .trim()
          .replace(/^"(.*)"$/s, '$1')
          .replace(/\\(.)/g, '$1'),
      )
    : '';
  return { name: name || null, email };
}

/** Good enough to send to; the server has the last word. */
export const isAddress = (email: string): boolean =>
  email.length <= 254 &&
  /^[^\s@<>(),;:"[\]\\]+@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)*$/u.test(email);
