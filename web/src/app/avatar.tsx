/** The first letters of a name, on a colour that stays the same for an address. */
export function Avatar({ name, email }: { name: string | null; email: string }) {
  return (
    <span class={`avatar hue-${hueOf(email.toLowerCase())}`} aria-hidden="true">
      {initials(name, email)}
    </span>
  );
}

export function initials(name: string | null, email: string): string {
  const words = (name?.trim() || email.split('@')[0] || '?')
    .replace(/[^\p{L}\p{N}\s]/gu, ' ')
    .trim()
    .split(/\s+/)
    .filter(Boolean);
  const first = [...(words[0] ?? '?')][0] ?? '?';
  const last = words.length > 1 ? ([...words.at(-1)!][0] ?? '') : '';
  return (first + last).toUpperCase();
}

// FNV-1a, its upper bits: names that differ little have colours that differ.
export function hueOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const c of text) hash = Math.imul(hash ^ c.codePointAt(0)!, 0x01000193);
  return ((hash >>> 16) ^ (hash >>> 5)) & 7;
}
