// What changed, as soon as it changes: EventSource (RFC 8620 §7.3); where it does not come through, the states are asked for now and then.
import { fill } from './transfer';
import type { Client } from './client';

export type States = Partial<Record<'Email' | 'Mailbox' | 'Thread' | 'EmailSubmission' | 'Identity' | 'Quota' | 'ContactCard', string>>;

export interface Source {
  onopen: (() => void) | null;
  onerror: (() => void) | null;
  addEventListener(type: string, heard: (event: { data: string }) => void): void;
  close(): void;
}

export interface PushOptions {
  open?: (url: string) => Source;
  pollEvery?: number;
}

export class Push {
  private source: Source | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private ended = false;
  private asked: States = {};

  constructor(
    private readonly client: Client,
    private readonly changed: (states: States) => void,
    private readonly options: PushOptions = {},
  ) {}

  start(): void {
    this.ended = false;
    this.listen();
  }

  stop(): void {
    this.ended = true;
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
  }

  private listen(): void {
    const url = fill(this.client.session.eventSourceUrl, {
      types: 'Email,Mailbox,Thread,EmailSubmission,ContactCard',
      closeafter: 'no',
      ping: '60',
    });
    const open = this.options.open ?? (at => new EventSource(at, { withCredentials: true }) as unknown as Source);
    const source = (this.source = open(url));
    source.onopen = () => {
      // What changed while nobody listened is in the states.
      if (this.failures > 0) void this.poll();
      this.failures = 0;
      clearTimeout(this.timer);
    };
    source.onerror = () => this.failed(source);
    source.addEventListener('state', event => this.hear(event.data));
  }

  private hear(data: string): void {
    let change: { changed?: Record<string, States> };
    try {
      change = JSON.parse(data) as typeof change;
    } catch {
      return;
    }
    const states = change.changed?.[this.client.accountFor('Email/get')];
    if (states) this.changed(states);
  }

  private failed(source: Source): void {
    if (this.ended || source !== this.source) return;
    source.close();
    this.failures++;
    const wait = Math.min(this.options.pollEvery ?? 30_000, 1000 * 2 ** Math.min(this.failures, 5));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void this.poll().finally(() => {
        if (!this.ended) this.listen();
      });
    }, wait);
  }

  /** Asks for the states themselves. */
  async poll(): Promise<void> {
    try {
      const [email, mailbox] = await this.client.batch(b =>
        Promise.all([
          b.call<{ state: string }>('Email/get', { ids: [], properties: ['id'] }).answer,
          b.call<{ state: string }>('Mailbox/get', { ids: [], properties: ['id'] }).answer,
        ]),
      );
      const states: States = { Email: email.state, Mailbox: mailbox.state };
      if (states.Email !== this.asked.Email || states.Mailbox !== this.asked.Mailbox) this.changed(states);
      this.asked = states;
    } catch {
      /* the next round asks again */
    }
  }
}
