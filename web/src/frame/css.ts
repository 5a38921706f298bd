// What of a message's CSS stays. Values come from the browser's own CSS parser (CSSOM), so escapes and comments are gone before they are judged.

/** The address an image of the message itself has here, or null: not known, not loaded. */
export type Resolve = (url: string) => string | null;

const dropped =
  /^(--|animation|transition|cursor$|behavior$|-moz-binding$|-webkit-user-modify$|user-select$|-webkit-user-select$|pointer-events$|appearance$|will-change$|view-transition|anchor-name$|position-|timeline|scroll-|overscroll)/;
// Everything that can name something outside: url() is judged on its own.
const reaching =
  /(?:^|[^\w-])(?:src|image|image-set|-webkit-image-set|-webkit-cross-fade|cross-fade|element|-moz-element|paint|expression|attr|var|env)\s*\(/i;
const url = /url\(\s*(?:"([^"]*)"|'([^']*)'|([^"')]*))\s*\)/gi;

/** The value of a declaration as it may stand; null: the declaration goes. */
export function safeValue(property: string, value: string, resolve: Resolve): string | null {
  const name = property.toLowerCase();
  if (dropped.test(name)) return null;
  if (name === 'position' && /fixed|sticky/i.test(value)) return null;
  if (value.includes('\\') || value.includes('<') || value.includes('\u0000') || reaching.test(value)) return null;
  if (!/url\(/i.test(value)) return value;
  const places: string[] = [];
  const rest = value.replace(url, (_, a?: string, b?: string, c?: string) => {
    places.push(resolve((a ?? b ?? c ?? '').trim()) ?? '');
    return '\u0000';
  });
  // An address that is not known, or one that this did not understand.
  if (places.includes('') || /url\s*\(/i.test(rest) || places.some(at => /["\s]/.test(at))) return null;
  return rest.replace(/\u0000/g, () => `url("${places.shift()}")`);
}

// What a message says of its page is meant for its own.
const page = /(^|[\s,>+~(])(?:body|html)(?=$|[\s,>+~.:#[)])/gi;

/** A selector with ids under the prefix that the sanitiser gives them, and with the message's body for the page's. */
export function safeSelector(selector: string, prefix: string): string | null {
  if (/[<{}\\]|:host|::part|:has-slotted|::slotted/i.test(selector)) return null;
  let out = '',
    quote = '',
    brackets = 0;
  for (const c of selector) {
    out += c;
    if (quote) {
      if (c === quote) quote = '';
      continue;
    }
    if (c === '"' || c === "'") quote = c;
    else if (c === '[') brackets++;
    else if (c === ']') brackets--;
    else if (c === '#' && brackets === 0) out += prefix;
  }
  return quote || brackets !== 0 ? null : out.replace(page, '$1.mail-body');
}

interface Declarations {
  length: number;
  item(index: number): string;
  getPropertyValue(name: string): string;
  getPropertyPriority(name: string): string;
}

export function safeDeclarations(style: Declarations, resolve: Resolve): string {
  let out = '';
  for (let i = 0; i < style.length; i++) {
    const name = style.item(i);
    const value = safeValue(name, style.getPropertyValue(name), resolve);
    if (value !== null && value !== '') out += `${name}:${value}${style.getPropertyPriority(name) ? ' !important' : ''};`;
  }
  return out;
}

const mostRules = 4000;

/** The rules of a sheet that stay: of styles and of media; imports, fonts, keyframes and all others go. */
export function safeSheet(text: string, resolve: Resolve, prefix: string): string {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  let left = mostRules;
  const write = (rules: CSSRuleList): string => {
    let out = '';
    for (const rule of Array.from(rules)) {
      if (left-- <= 0) break;
      if (rule instanceof CSSMediaRule) out += `@media ${rule.media.mediaText.replace(/[{}<]/g, '')}{${write(rule.cssRules)}}`;
      else if (rule instanceof CSSStyleRule) {
        const selector = safeSelector(rule.selectorText, prefix);
        if (selector) out += `${selector}{${safeDeclarations(rule.style, resolve)}}\n`;
      }
    }
    return out;
  };
  return write(sheet.cssRules);
}
