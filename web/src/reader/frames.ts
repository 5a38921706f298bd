// Frames that show messages. The first is made when the page is, so that a message is there at once; each further open message of a conversation
// gets one of its own, used again later. A frame is never moved in the document (it would load anew): it lies over the place kept free for it.
import type { FromFrame, Shown, ToFrame } from '../frame/protocol';

export interface FrameEvents {
  height?(height: number): void;
  images?(cids: string[], remote: string[]): void;
  link?(href: string, text: string): void;
  key?(key: string, shift: boolean): void;
  all?(): void;
}

const mostFrames = 12,
  mostHeight = 60_000;

class Frame {
  readonly element = document.createElement('iframe');
  slot: HTMLElement | null = null;
  private ready = false;
  private port: MessagePort | null = null;
  private events: FrameEvents = {};
  private waiting: ToFrame[] = [];
  private lastShown: Shown | null = null;
  private loaded!: () => void;
  private readonly whenLoaded = new Promise<void>(done => {
    this.loaded = done;
  });

  constructor(title: string) {
    // The document's own policy says the same; both must be lifted before a script of a message could reach anything.
    this.element.setAttribute('sandbox', 'allow-scripts allow-popups allow-popups-to-escape-sandbox');
    this.element.className = 'message-frame';
    this.element.title = title;
    this.element.src = '/m/frame';
    addEventListener('message', event => {
      if (event.source !== this.element.contentWindow || event.data !== 'ready') return;
      this.ready = true;
      this.loaded();
      this.connect();
      const again = this.waiting.length > 0 ? this.waiting : this.lastShown ? [this.lastShown] : [];
      this.waiting = [];
      for (const message of again) this.port!.postMessage(message);
    });
  }

  show(message: Shown, events: FrameEvents): void {
    this.lastShown = message;
    this.events = events;
    this.waiting = [];
    if (this.ready) this.connect();
    this.say(message);
  }

  /** Nobody reads it any more: it holds nothing and is not heard. */
  clear(): void {
    this.lastShown = null;
    this.events = {};
    this.waiting = [];
    if (this.ready) this.port?.postMessage({ kind: 'clear' } satisfies ToFrame);
  }

  say(message: ToFrame): void {
    if (!this.ready) this.waiting.push(message);
    else this.port?.postMessage(message, message.kind === 'image' ? [message.octets] : []);
  }

  /** The sanitised form of HTML, to be quoted. */
  async quote(html: string): Promise<string> {
    await this.whenLoaded;
    const channel = new MessageChannel();
    const answer = new Promise<string>(resolve => {
      channel.port1.onmessage = heard => {
        const said = heard.data as FromFrame;
        if (said.kind === 'quoted' && typeof said.html === 'string') resolve(said.html);
      };
    });
    this.element.contentWindow!.postMessage('port', '*', [channel.port2]);
    channel.port1.postMessage({ kind: 'quote', html } satisfies ToFrame);
    const quoted = await answer;
    channel.port1.close();
    return quoted;
  }

  // A port for each message: what an earlier one still says is not heard.
  private connect(): void {
    this.port?.close();
    const channel = new MessageChannel();
    this.port = channel.port1;
    this.port.onmessage = heard => this.hear(heard.data as FromFrame);
    this.element.contentWindow!.postMessage('port', '*', [channel.port2]);
  }

  // Whatever a message might have made of its frame: only numbers, names and addresses come out of it.
  private hear(said: FromFrame): void {
    if (typeof said !== 'object' || said === null) return;
    if (said.kind === 'height' && Number.isFinite(said.height)) this.events.height?.(Math.min(Math.max(0, said.height), mostHeight));
    else if (said.kind === 'images') this.events.images?.(texts(said.cids), texts(said.remote));
    else if (said.kind === 'link' && typeof said.href === 'string' && typeof said.text === 'string')
      this.events.link?.(said.href, said.text.slice(0, 500));
    else if (said.kind === 'key' && typeof said.key === 'string' && said.key.length < 16 && this.isUsed())
      this.events.key?.(said.key, said.shift === true);
    else if (said.kind === 'all') this.events.all?.();
  }

  // A key is believed only while somebody is in the frame.
  private isUsed = (): boolean => document.activeElement === this.element && (navigator.userActivation?.hasBeenActive ?? true);
}

const texts = (list: unknown): string[] =>
  Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string' && one.length < 8000).slice(0, 500) : [];

export interface Placed {
  show(message: Shown, events: FrameEvents): void;
  say(message: ToFrame): void;
  release(): void;
}

export class Frames {
  private readonly frames: Frame[] = [];
  private quoter: Frame | null = null;
  private readonly observer = new ResizeObserver(() => this.place());

  constructor(
    private readonly layer: HTMLElement,
    private readonly content: HTMLElement,
    private readonly title: string,
  ) {
    this.add();
    this.observer.observe(content);
  }

  /** A frame over this place; null when too many are open. */
  take(slot: HTMLElement): Placed | null {
    const frame = this.frames.find(f => f.slot === null) ?? (this.frames.length < mostFrames ? this.add() : null);
    if (!frame) return null;
    frame.slot = slot;
    slot.style.height = '0px';
    this.place();
    return {
      show: (message, events) =>
        frame.show(message, {
          ...events,
          height: height => {
            if (frame.slot !== slot) return;
            slot.style.height = `${height}px`;
            frame.element.style.height = `${height}px`;
            slot.classList.add('filled');
            this.place();
            events.height?.(height);
          },
        }),
      say: message => frame.say(message),
      release: () => {
        if (frame.slot !== slot) return;
        frame.slot = null;
        frame.clear();
        frame.element.classList.remove('placed');
      },
    };
  }

  quote(html: string): Promise<string> {
    if (!this.quoter) {
      this.quoter = new Frame(this.title);
      this.quoter.element.tabIndex = -1;
      this.quoter.element.setAttribute('aria-hidden', 'true');
      this.layer.append(this.quoter.element);
    }
    return this.quoter.quote(html);
  }

  place(): void {
    const base = this.content.getBoundingClientRect();
    for (const { slot, element } of this.frames) {
      if (!slot) continue;
      const at = slot.getBoundingClientRect();
      element.style.top = `${at.top - base.top}px`;
      element.style.left = `${at.left - base.left}px`;
      element.style.width = `${at.width}px`;
      element.classList.add('placed');
    }
  }

  private add(): Frame {
    const frame = new Frame(this.title);
    this.frames.push(frame);
    this.layer.append(frame.element);
    return frame;
  }
}
