// "I attach the plans" without an attachment: said before it is sent. Every language of the interface is looked for, since people write in several.

const words: Record<string, RegExp> = {
  en: /\b(?:attach(?:ed|ing|ment|ments)?|enclos(?:ed|ing|ure))\b/iu,
  de: /(?<!\p{L})(?:anhang|anhänge|anhängen|angehängt\p{L}*|anbei|beigefügt\p{L}*|beiliegend\p{L}*|im anhang|hänge ich|füge ich|beilage\p{L}*)(?!\p{L})/iu,
  bg: /(?<!\p{L})(?:прикач(?:ен|ена|ено|ени|ам|вам|ил|ила|ените|еният|ения|еното|ената)|прилаг(?:ам|аме)|прилож(?:ен|ена|ено|ени|ение|ения|ените|еният|еното|ената)|в прикачения)(?!\p{L})/iu,
};

/** The words that promise an attachment, in the new part of a letter; null when there are none. */
export function promised(subject: string, text: string): string | null {
  const own = `${subject}\n${newPart(text)}`;
  for (const pattern of Object.values(words)) {
    const match = pattern.exec(own);
    if (match) return match[0];
  }
  return null;
}

/** Without what is quoted and what is signed. */
export function newPart(text: string): string {
  const out: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '-- ') break;
    if (/^\s*>/.test(line)) continue;
    out.push(line);
  }
  return out.join('\n');
}
