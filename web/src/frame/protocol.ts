// What the page and the frame of a message say to each other, on a MessagePort of one message. The page treats what comes from the frame as a
// stranger's word: see reader/frames.ts.

export interface Shown {
  kind: 'show';
  /** One of both; HTML is as it came, unsanitised. */
  html?: string;
  text?: string;
  /** The part was cut: a button asks for all of it. */
  cut: boolean;
  dark: boolean;
  lang: string;
  rtl: boolean;
  words: { quoted: string; more: string; image: string };
}

export type ToFrame =
  | Shown
  | { kind: 'image'; key: string; type: string; octets: ArrayBuffer }
  | { kind: 'theme'; dark: boolean }
  | { kind: 'clear' }
  | { kind: 'quote'; html: string };

export type FromFrame =
  | { kind: 'height'; height: number }
  | { kind: 'images'; cids: string[]; remote: string[] }
  | { kind: 'link'; href: string; text: string }
  | { kind: 'key'; key: string; shift: boolean }
  | { kind: 'all' }
  | { kind: 'quoted'; html: string };
