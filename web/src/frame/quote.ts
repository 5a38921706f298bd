// The part of a letter that repeats an earlier one is folded away: what is new comes first.

const quotes =
  'blockquote, .gmail_quote, .gmail_quote_container, .moz-cite-prefix, .protonmail_quote, .yahoo_quoted, .tutanota_quote, #user-content-divRplyFwdMsg, #user-content-appendonsend';

const isBlank = (node: Node): boolean => (node.textContent ?? '').trim() === '' && !(node instanceof Element && node.querySelector('img'));

/** The outermost quote after which nothing is said. */
function lastQuote(root: HTMLElement): HTMLElement | null {
  const all = Array.from(root.querySelectorAll<HTMLElement>(quotes));
  for (const one of all) if (!one.parentElement?.closest(quotes) && endsIn(root, one)) return one;
  return null;
}

function endsIn(root: HTMLElement, quote: HTMLElement): boolean {
  for (let node: Node = quote; node !== root; node = node.parentNode!) {
    for (let next = node.nextSibling; next; next = next.nextSibling)
      if (!isBlank(next) && !(next instanceof Element && next.matches(quotes)) && next.nodeName !== 'STYLE') return false;
  }
  return true;
}

function startsWith(root: HTMLElement, quote: HTMLElement): boolean {
  const range = document.createRange();
  range.setStart(root, 0);
  range.setEndBefore(quote);
  return range.toString().trim() === '' && !range.cloneContents().querySelector('img');
}

/** Hides the quote behind a button; what only consists of a quote is left as it is. */
export function foldQuote(root: HTMLElement, label: string): void {
  const quote = lastQuote(root);
  if (!quote || startsWith(root, quote)) return;
  const hidden: HTMLElement[] = [quote];
  for (let next = quote.nextElementSibling; next; next = next.nextElementSibling)
    if (next instanceof HTMLElement && next.matches(quotes)) hidden.push(next);
  const button = document.createElement('button');
  button.className = 'fold';
  button.type = 'button';
  button.textContent = '•••';
  button.title = label;
  button.setAttribute('aria-label', label);
  button.setAttribute('aria-expanded', 'false');
  const show = (open: boolean) => {
    button.setAttribute('aria-expanded', String(open));
    for (const one of hidden) one.hidden = !open;
  };
  button.onclick = () => show(button.getAttribute('aria-expanded') !== 'true');
  quote.before(button);
  show(false);
}
