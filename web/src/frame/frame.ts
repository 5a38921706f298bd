// The script of the frame that shows messages: opaque origin, no network. It is told what to show on a port, one port for each message; a new port
// ends the old one.
import { foldQuote } from './quote';
import { renderText } from './text';
import { hasColours, sanitise, type Images } from './sanitise';
import type { FromFrame, Shown, ToFrame } from './protocol';

let port: MessagePort | null = null;
const known = new Map<string, string>();
let shown: Shown | null = null;
const say = (message: FromFrame): void => port?.postMessage(message);

window.addEventListener('message', event => {
  if (event.source !== parent || !event.ports[0]) return;
  port?.close();
  port = event.ports[0];
  port.onmessage = heard => hear(heard.data as ToFrame);
});

function hear(message: ToFrame): void {
  if (message.kind === 'show') show(message);
  else if (message.kind === 'clear') clear();
  else if (message.kind === 'theme') theme(message.dark);
  else if (message.kind === 'image') picture(message);
  else if (message.kind === 'quote') say({ kind: 'quoted', html: quoted(message.html) });
}

function clear(): void {
  for (const url of known.values()) URL.revokeObjectURL(url);
  known.clear();
  clearTimeout(soon);
  shown = null;
  observer?.disconnect();
  document.body.replaceChildren();
}

function show(message: Shown): void {
  clear();
  shown = message;
  document.documentElement.lang = message.lang;
  document.body.dir = message.rtl ? 'rtl' : 'ltr';
  render();
}

function render(): void {
  if (!shown) return;
  const images: Images = { cids: new Set(), remote: new Set() };
  const root = document.createElement('div');
  root.id = 'message';
  root.dir = 'auto';
  if (shown.html !== undefined) root.append(sanitise(shown.html, images, known));
  else root.append(renderText(shown.text ?? ''));
  foldQuote(root, shown.words.quoted);
  if (shown.cut) root.append(more(shown.words.more));
  root.classList.toggle('own', shown.html !== undefined && hasColours(root.firstElementChild as HTMLElement));
  for (const image of Array.from(root.querySelectorAll('img'))) if (!image.alt) image.alt = '';
  document.body.replaceChildren(root);
  // The paper has the colour of what is written on it.
  const ground = root.querySelector('.mail-body') ? getComputedStyle(root.querySelector('.mail-body')!).backgroundColor : '';
  document.documentElement.style.setProperty(
    '--paper',
    root.classList.contains('own') && ground && ground !== 'rgba(0, 0, 0, 0)' ? ground : '#fff',
  );
  theme(shown.dark);
  fit(root);
  if (images.cids.size + images.remote.size > 0) {
    const missing = (key: string) => !known.has(key);
    say({ kind: 'images', cids: [...images.cids].filter(c => missing(`cid:${c}`)), remote: [...images.remote].filter(missing) });
  }
  watch(root);
}

function theme(dark: boolean): void {
  if (shown) shown.dark = dark;
  // A message with colours of its own stands on white paper, also in the dark.
  const paper = document.getElementById('message')?.classList.contains('own') === true;
  document.documentElement.className = dark ? (paper ? 'dark paper' : 'dark') : '';
}

function more(label: string): HTMLElement {
  const button = document.createElement('button');
  button.className = 'more';
  button.type = 'button';
  button.textContent = label;
  button.onclick = () => say({ kind: 'all' });
  return button;
}

function picture({ key, type, octets }: { key: string; type: string; octets: ArrayBuffer }): void {
  known.set(key, URL.createObjectURL(new Blob([octets], { type })));
  for (const image of Array.from(document.images)) if (image.dataset['key'] === key) image.src = known.get(key)!;
  if (!Array.from(document.images).some(image => image.dataset['key'] === key)) again();
}

// Backgrounds are resolved while the sheet is written: written again once, when the last of them has come.
let soon: ReturnType<typeof setTimeout> | undefined;
function again(): void {
  clearTimeout(soon);
  soon = setTimeout(render, 100);
}

let observer: ResizeObserver | undefined;
function watch(root: HTMLElement): void {
  observer?.disconnect();
  let last = -1;
  observer = new ResizeObserver(() => {
    const height = Math.ceil(root.getBoundingClientRect().height + 4);
    if (height !== last) say({ kind: 'height', height: (last = height) });
  });
  observer.observe(root);
}

// Wider than the window: made smaller as far as it can still be read, then it scrolls.
function fit(root: HTMLElement): void {
  root.style.removeProperty('zoom');
  const room = document.documentElement.clientWidth;
  // What stands out at one side gets the margin of the other.
  const wide =
    root.scrollWidth > root.clientWidth ? root.scrollWidth + Number.parseFloat(getComputedStyle(root).paddingLeft) : root.scrollWidth;
  if (room > 0 && wide > room + 4) root.style.setProperty('zoom', String(Math.max(0.5, room / wide)));
}
addEventListener('resize', () => {
  const root = document.getElementById('message');
  if (root) fit(root);
});

function quoted(html: string): string {
  const root = sanitise(html, { cids: new Set(), remote: new Set() }, new Map());
  for (const style of Array.from(root.querySelectorAll('style'))) style.remove();
  for (const image of Array.from(root.querySelectorAll('img'))) {
    const key = image.dataset['key'];
    // Pictures that lie elsewhere are not sent on as ours.
    if (key?.startsWith('cid:')) image.dataset['cid'] = key.slice(4);
    else image.remove();
    delete image.dataset['key'];
  }
  return root.innerHTML;
}

document.addEventListener('click', event => {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link) return;
  event.preventDefault();
  const href = link.getAttribute('href');
  if (href) say({ kind: 'link', href, text: link.textContent?.slice(0, 500) ?? '' });
});
document.addEventListener('auxclick', event => {
  if (event.target instanceof Element && event.target.closest('a')) event.preventDefault();
});
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target instanceof HTMLButtonElement && (event.key === 'Enter' || event.key === ' ')) return;
  say({ kind: 'key', key: event.key, shift: event.shiftKey });
});

parent.postMessage('ready', '*');
