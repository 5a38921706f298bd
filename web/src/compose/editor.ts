// The rich editor: Squire, which keeps the HTML of what is quoted as it is. All HTML that enters it goes through the sanitiser, whose
// Trusted-Types policy is the only one of this page.
import DOMPurify from 'dompurify';
import Squire from 'squire-rte';
import { plainOf } from './plain';
import { setStyles, setStylesAside } from './styles';

export interface Pictures {
  /** Where a picture named cid:… is to be seen here. */
  urlOf(cid: string): string | null;
}

const tags = (
  'a abbr b big blockquote br caption center cite code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins li ol p pre q s samp small span ' +
  'strike strong sub sup table tbody td tfoot th thead tr tt u ul var'
).split(' ');
const attributes =
  'align alt bgcolor border cellpadding cellspacing class color colspan dir face height href lang nowrap rowspan size src start title type valign width data-cid data-style'.split(
    ' ',
  );

export class Editor {
  private readonly squire: SafeSquire;

  constructor(
    readonly root: HTMLElement,
    private readonly pictures: Pictures,
    changed: () => void,
    images: (files: File[]) => void,
  ) {
    this.squire = new SafeSquire(root, {
      blockTag: 'DIV',
      addLinks: true,
      sanitizeToDOMFragment: (html: string) => this.clean(html),
      tagAttributes: { blockquote: { type: 'cite' }, a: { rel: 'noopener noreferrer' }, ul: {}, ol: {}, li: {}, pre: {} },
    });
    this.squire.addEventListener('input', changed);
    this.squire.addEventListener('pasteImage', (event: Event) => {
      const data = (event as CustomEvent<{ clipboardData: DataTransfer }>).detail.clipboardData;
      images(Array.from(data.files).filter(f => f.type.startsWith('image/')));
    });
  }

  // Shared with undo, which Squire would do by assigning markup.
  private clean(html: string): DocumentFragment {
    const fragment = DOMPurify.sanitize(setStylesAside(html), {
      ALLOWED_TAGS: tags,
      ALLOWED_ATTR: attributes,
      ALLOW_DATA_ATTR: false,
      ALLOW_ARIA_ATTR: false,
      RETURN_DOM_FRAGMENT: true,
      ADD_URI_SAFE_ATTR: attributes.filter(name => name !== 'href' && name !== 'src'),
      ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|blob:)/i,
    });
    for (const image of Array.from(fragment.querySelectorAll('img'))) {
      const source = image.getAttribute('src') ?? '';
      const cid = image.dataset['cid'] ?? (source.startsWith('cid:') ? decodeURIComponent(source.slice(4)) : null);
      const url = cid === null ? null : this.pictures.urlOf(cid);
      image.removeAttribute('src');
      if (cid === null) {
        image.remove();
        continue;
      }
      image.dataset['cid'] = cid;
      if (url) image.src = url;
    }
    setStyles(fragment);
    return document.importNode(fragment, true);
  }

  get html(): string {
    // In a document without a window, where names of pictures are not taken for addresses to load.
    const inert = document.implementation.createHTMLDocument('');
    const copy = inert.body;
    for (const node of Array.from(this.root.childNodes)) copy.append(inert.importNode(node, true));
    for (const resizer of Array.from(copy.querySelectorAll('.squire-image-resize-container'))) resizer.remove();
    for (const image of Array.from(copy.querySelectorAll('img'))) {
      const cid = image.dataset['cid'];
      if (cid) image.setAttribute('src', `cid:${cid}`);
      image.removeAttribute('data-cid');
    }
    return copy.innerHTML.replace(/\u200b/g, '');
  }

  set html(html: string) {
    this.squire.setHTML(html);
  }

  get text(): string {
    return plainOf(this.root);
  }

  /** Pictures that have come are shown where they stand. */
  refresh(): void {
    for (const image of Array.from(this.root.querySelectorAll('img'))) {
      const url = image.dataset['cid'] ? this.pictures.urlOf(image.dataset['cid']) : null;
      if (url && !image.src) image.src = url;
    }
  }

  insertPicture(cid: string, name: string): void {
    this.squire.insertImage(this.pictures.urlOf(cid) ?? '', { 'data-cid': cid, alt: name });
  }

  replaceSignature(before: string, after: string): void {
    const old = Array.from(this.root.querySelectorAll('.signature')).find(one => !one.closest('blockquote'));
    if (old) {
      // What somebody wrote into it stays.
      if (plainOf(old) === plainOf(this.signature(before))) old.replaceWith(...(after ? [this.signature(after)] : []));
    } else if (after && !before) this.root.insertBefore(this.signature(after), this.quoted());
  }

  // Where what is quoted begins, with the line above that says whose words it is.
  private quoted(): Element | null {
    const all = Array.from(this.root.children);
    const at = all.findIndex(one => one.tagName === 'BLOCKQUOTE');
    return at > 0 ? all[at - 1]! : (all[at] ?? all.find(one => one.textContent?.startsWith('---------- ')) ?? null);
  }

  private signature(html: string): HTMLElement {
    const one = document.createElement('div');
    one.className = 'signature';
    one.append(this.clean(html));
    return one;
  }

  run(command: 'bold' | 'italic' | 'underline' | 'bullets' | 'numbers' | 'quote' | 'clear'): void {
    const s = this.squire;
    switch (command) {
      case 'bold':
        s.hasFormat('B') ? s.removeBold() : s.bold();
        break;
      case 'italic':
        s.hasFormat('I') ? s.removeItalic() : s.italic();
        break;
      case 'underline':
        s.hasFormat('U') ? s.removeUnderline() : s.underline();
        break;
      case 'bullets':
        s.hasFormat('UL') ? s.removeList() : s.makeUnorderedList();
        break;
      case 'numbers':
        s.hasFormat('OL') ? s.removeList() : s.makeOrderedList();
        break;
      case 'quote':
        s.hasFormat('BLOCKQUOTE') ? s.decreaseQuoteLevel() : s.increaseQuoteLevel();
        break;
      case 'clear':
        s.removeAllFormatting();
        break;
    }
    s.focus();
  }

  link(address: string): void {
    this.squire.makeLink(/^[a-z]+:/i.test(address) ? address : address.includes('@') ? `mailto:${address}` : `https://${address}`);
    this.squire.focus();
  }

  focusStart(): void {
    this.squire.moveCursorToStart();
    this.squire.focus();
  }

  focus(): void {
    this.squire.focus();
  }

  destroy(): void {
    this.squire.destroy();
  }
}

class SafeSquire extends Squire {
  override _setRawHTML(html: string): this {
    this._root.replaceChildren(this._config.sanitizeToDOMFragment(html, this));
    this._ignoreChange = true;
    return this;
  }
}
