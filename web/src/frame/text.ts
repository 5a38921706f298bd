import { pieces } from './links';

export interface Line {
  depth: number;
  text: string;
}

// "> > x" and ">> x" are both two deep; ">From" is the mbox quoting of a line, not a quote.
export function lineOf(raw: string): Line {
  let depth = 0,
    at = 0;
  for (;;) {
    if (raw[at] === '>' && !(depth === 0 && raw.startsWith('>From '))) {
      depth++;
      at++;
      continue;
    }
    if (raw[at] === ' ' && raw[at + 1] === '>' && depth > 0) {
      at++;
      continue;
    }
    break;
  }
  if (depth > 0 && raw[at] === ' ') at++;
  return { depth: Math.min(depth, 12), text: depth > 0 ? raw.slice(at) : raw };
}

/** Plain text as nodes: lines that quote become block quotes, addresses become links. */
export function renderText(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  const body = document.createElement('div');
  body.className = 'plain';
  fragment.append(body);
  const open: HTMLElement[] = [body];
  let written = false;
  for (const raw of text.replace(/\r\n?/g, '\n').replace(/\n+$/, '').split('\n')) {
    const { depth, text: line } = lineOf(raw);
    if (open.length - 1 !== depth) written = false;
    while (open.length - 1 > depth) open.pop();
    while (open.length - 1 < depth) {
      const quote = document.createElement('blockquote');
      open.at(-1)!.append(quote);
      open.push(quote);
    }
    const into = open.at(-1)!;
    if (written) into.append('\n');
    for (const piece of pieces(line)) {
      if (!piece.href) {
        into.append(piece.text);
        continue;
      }
      const link = document.createElement('a');
      link.href = piece.href;
      link.textContent = piece.text;
      into.append(link);
    }
    written = true;
  }
  return fragment;
}
