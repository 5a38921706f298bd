// The plain text of what was written richly; reads nodes, so that nothing is ever parsed twice.

interface Nodelike {
  nodeType: number;
  nodeName: string;
  nodeValue: string | null;
  childNodes: ArrayLike<Nodelike>;
  getAttribute?(name: string): string | null;
}

const blocks =
  /^(DIV|P|H[1-6]|UL|OL|LI|BLOCKQUOTE|PRE|TABLE|TR|HR|SECTION|ARTICLE|HEADER|FOOTER|DL|DT|DD|FIGURE|FIGCAPTION|ADDRESS|CENTER)$/;

export function plainOf(root: Nodelike): string {
  return lines(root, false)
    .join('\n')
    .replace(/[ \t]+$/gm, m => m)
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\s+$/g, '');
}

// Each node as lines; the last line is open for what follows inline.
function lines(node: Nodelike, pre: boolean): string[] {
  const out: string[] = [''];
  let closed = false,
    item = 0;
  const inline = (text: string) => {
    if (closed) {
      out.push('');
      closed = false;
    }
    const at = out.length - 1;
    out[at] += pre ? text : out[at] === '' ? text.replace(/^ +/, '') : text;
  };
  for (const child of Array.from(node.childNodes)) {
    const name = child.nodeName.toUpperCase();
    if (child.nodeType === 3) {
      const text = child.nodeValue ?? '';
      if (pre)
        text.split('\n').forEach((line, i) => {
          if (i > 0) {
            out.push('');
            closed = false;
          }
          inline(line);
        });
      else if (text.trim() !== '' || !closed) inline(text.replace(/\u00a0/g, ' ').replace(/[\t\n\r ]+/g, ' '));
    } else if (child.nodeType !== 1 || name === 'STYLE' || name === 'SCRIPT') continue;
    else if (name === 'BR') {
      if (closed) {
        out.push('');
        closed = false;
      } else out.push('');
    } else if (name === 'IMG') inline(child.getAttribute?.('alt') ?? '');
    else if (blocks.test(name)) {
      let inner = name === 'HR' ? ['----------'] : lines(child, pre || name === 'PRE');
      if (inner.length > 1 && inner.at(-1) === '') inner = inner.slice(0, -1);
      if (name === 'BLOCKQUOTE') inner = inner.map(line => (line.startsWith('>') ? `>${line}` : line === '' ? '>' : `> ${line}`));
      else if (name === 'LI') {
        item++;
        inner = inner.map((line, i) => (i === 0 ? `${node.nodeName.toUpperCase() === 'OL' ? `${item}.` : '-'} ${line}` : `  ${line}`));
      }
      if (out.length === 1 && out[0] === '') out.pop();
      out.push(...inner);
      if (/^(P|H[1-6]|UL|OL|PRE)$/.test(name) && name !== 'P') out.push('');
      closed = true;
    } else {
      const inner = lines(child, pre);
      const href = name === 'A' ? child.getAttribute?.('href') : null;
      inner.forEach((line, i) => {
        if (i > 0) {
          out.push('');
          closed = false;
        }
        inline(line);
      });
      const shown = inner.join(' ').trim();
      if (href && /^https?:/.test(href) && shown !== '' && shown !== href && !href.includes(shown)) inline(` <${href}>`);
    }
  }
  return out;
}
