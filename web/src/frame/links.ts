// Addresses in plain text, found without building markup: the pieces become text nodes and elements.

export type Piece = { text: string; href?: string };

const address =
  /\b(https?:\/\/[^\s<>"'`{}|\\^\u0000-\u001f]+|www\.[a-z0-9-]+\.[^\s<>"'`{}|\\^\u0000-\u001f]+|[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)/giu;

export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(address)) {
    const found = trim(match[0]);
    if (match.index > at) out.push({ text: text.slice(at, match.index) });
    out.push({ text: found, href: hrefOf(found) });
    at = match.index + found.length;
  }
  if (at < text.length) out.push({ text: text.slice(at) });
  return out;
}

const hrefOf = (found: string): string =>
  /^https?:/i.test(found) ? found : /^www\./i.test(found) ? `https://${found}` : `mailto:${found}`;

// What ends a sentence is no part of an address; a closing bracket only when it was opened in it.
function trim(found: string): string {
  for (;;) {
    const last = found.at(-1)!;
    const opens = last === ')' ? '(' : last === ']' ? '[' : '';
    const ends = '.,;:!?»”’…*_'.includes(last) || (opens !== '' && count(found, opens) < count(found, last));
    if (!ends) return found;
    found = found.slice(0, -1);
  }
}

const count = (text: string, one: string): number => text.split(one).length - 1;
