// Hostile HTML becomes nodes that run nothing and ask for nothing. Runs in the frame, which has no network and no origin: a hole here leads nowhere.
import DOMPurify from 'dompurify';
import { safeDeclarations, safeSheet, type Resolve } from './css';

const tags = (
  'a abbr address article aside b bdi bdo big blockquote body br caption center cite code col colgroup dd del details dfn dir div dl dt em ' +
  'figcaption figure font footer h1 h2 h3 h4 h5 h6 head header hr html i img ins kbd li main mark menu nav ol p pre q rp rt ruby s samp section small ' +
  'span strike strong style sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr'
).split(' ');
const attributes = (
  'align alt bgcolor border cellpadding cellspacing class clear color colspan datetime dir face headers height href hspace id lang name ' +
  'nowrap open reversed rowspan scope size span src start style title type valign value vspace width'
).split(' ');
const prefix = 'user-content-';
const inlineImage = /^data:image\/(?:png|gif|jpe?g|webp|avif|bmp);base64,/i;

export interface Images {
  /** Content ids of parts of the message itself. */
  cids: Set<string>;
  /** What lies elsewhere and is not loaded. */
  remote: Set<string>;
}

/** Where an image of this name is, once its octets have come. */
export type Known = ReadonlyMap<string, string>;

const purify = DOMPurify(window);

/** The message as one element, ready to be inserted. `dataKeys` leaves names of images in data-key, to be filled in later. */
export function sanitise(html: string, images: Images, known: Known): HTMLElement {
  const resolve = resolver(images, known);
  const whole = purify.sanitize(html, {
    ALLOWED_TAGS: tags,
    ALLOWED_ATTR: attributes,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    SANITIZE_NAMED_PROPS: true,
    ADD_URI_SAFE_ATTR: attributes.filter(name => name !== 'href' && name !== 'src'),
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|data:image\/|\/\/|#)/i,
    WHOLE_DOCUMENT: true,
    RETURN_DOM: true,
    KEEP_CONTENT: true,
    FORBID_CONTENTS: [
      'script',
      'noscript',
      'iframe',
      'object',
      'embed',
      'svg',
      'math',
      'template',
      'select',
      'textarea',
      'title',
      'audio',
      'video',
      'noembed',
      'noframes',
      'plaintext',
      'xmp',
    ],
  }) as HTMLElement;
  const body = whole.querySelector('body') ?? whole;
  const out = document.createElement('div');
  copyBody(body, out, resolve);
  for (const style of Array.from(whole.querySelectorAll('style'))) {
    const text = style.textContent ?? '';
    style.remove();
    const safe = document.createElement('style');
    safe.textContent = safeSheet(text, resolve, prefix);
    if (safe.textContent) out.append(safe);
  }
  for (const element of Array.from(body.querySelectorAll<HTMLElement>('*'))) tame(element, images, known, resolve);
  out.append(...Array.from(body.childNodes));
  return out;
}

function resolver(images: Images, known: Known): Resolve {
  return url => {
    if (inlineImage.test(url)) return url;
    const key = keyOf(url, images);
    return key === null ? null : (known.get(key) ?? null);
  };
}

// Notes what is wanted; null: nothing that could ever be shown.
function keyOf(url: string, images: Images): string | null {
  if (/^cid:/i.test(url)) {
    const cid = safeDecode(url.slice(4));
    images.cids.add(cid);
    return `cid:${cid}`;
  }
  const full = url.startsWith('//') ? `https:${url}` : url;
  if (!/^https?:\/\//i.test(full)) return null;
  images.remote.add(full);
  return full;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function copyBody(body: HTMLElement, out: HTMLElement, resolve: Resolve): void {
  for (const name of ['class', 'dir', 'lang', 'bgcolor']) {
    const value = body.getAttribute(name);
    if (value !== null) name === 'bgcolor' ? out.style.setProperty('background-color', value) : out.setAttribute(name, value);
  }
  out.classList.add('mail-body');
  const style = safeDeclarations(body.style, resolve);
  if (style) out.setAttribute('style', `${out.getAttribute('style') ?? ''};${style}`);
}

function tame(element: HTMLElement, images: Images, known: Known, resolve: Resolve): void {
  if (element.hasAttribute('style')) {
    const style = safeDeclarations(element.style, resolve);
    style ? element.setAttribute('style', style) : element.removeAttribute('style');
  }
  if (element instanceof HTMLImageElement || element.tagName === 'IMG') tameImage(element as HTMLImageElement, images, known);
  else element.removeAttribute('src');
  if (element.tagName === 'A') tameLink(element as HTMLAnchorElement);
  else element.removeAttribute('href');
}

function tameImage(image: HTMLImageElement, images: Images, known: Known): void {
  const source = image.getAttribute('src') ?? '';
  if (inlineImage.test(source)) return;
  image.removeAttribute('src');
  // A picture of one point is there to be counted, not to be seen.
  const key = /^cid:/i.test(source) || !isCounter(image) ? keyOf(source.trim(), images) : null;
  if (key === null) {
    image.replaceWith(image.alt);
    return;
  }
  const at = known.get(key);
  if (at) image.src = at;
  image.dataset['key'] = key;
}

const isCounter = (image: HTMLImageElement): boolean =>
  [image.getAttribute('width'), image.getAttribute('height')].every(v => v !== null && Number.parseInt(v, 10) <= 2);

function tameLink(link: HTMLAnchorElement): void {
  const href = (link.getAttribute('href') ?? '').trim();
  if (!/^(?:https?:|mailto:|tel:)/i.test(href)) link.removeAttribute('href');
  link.removeAttribute('name');
}

/** Does the message bring colours of its own, so that it must stand on white. */
export const hasColours = (root: HTMLElement): boolean =>
  root.style.background !== '' ||
  root.style.backgroundColor !== '' ||
  root.querySelector('[bgcolor],[style*="color"],[style*="background"],font[color],style,table[width]') !== null;
