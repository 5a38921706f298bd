// Where a link really leads, and whether its text says something else.

export interface Judged {
  href: string;
  host: string;
  warnings: ('other' | 'ip' | 'lookalike' | 'user')[];
}

/** Null: not a link that is followed. */
export function judge(href: string, text: string): Judged | null {
  if (href.length > 8000 || /[\u0000-\u001f\u007f]/.test(href)) return null;
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return null;
  }
  if (url.protocol === 'mailto:' || url.protocol === 'tel:') return { href: url.href, host: '', warnings: [] };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  const warnings: Judged['warnings'] = [];
  const said = hostIn(text);
  if (said && site(said) !== site(url.hostname)) warnings.push('other');
  if (/^\d+(\.\d+){3}$/.test(url.hostname) || url.hostname.startsWith('[')) warnings.push('ip');
  if (url.hostname.split('.').some(label => label.startsWith('xn--'))) warnings.push('lookalike');
  if (url.username !== '' || url.password !== '') warnings.push('user');
  return { href: url.href, host: url.hostname, warnings };
}

/** The host that a text looks like, if it does. */
export function hostIn(text: string): string | null {
  const match = /^\s*(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+[\p{L}]{2,})(?:[/:?#]\S*)?\s*$/iu.exec(text);
  return match ? match[1]!.toLowerCase() : null;
}

// Near enough to an owner: the last two labels, three where the second is short (co.uk, com.au).
function site(host: string): string {
  const labels = host.toLowerCase().split('.');
  const short = labels.length > 2 && labels.at(-1)!.length === 2 && labels.at(-2)!.length <= 3;
  return labels.slice(short ? -3 : -2).join('.');
}
