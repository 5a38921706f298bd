// One letter from the first key to the post: kept here, saved there, sent at last.
import { signal } from '@preact/signals';
import { RecordError } from '../jmap/errors';
import type { EmailAddress, FullEmail, Id, Identity, SetAnswer } from '../jmap/types';
import { t } from '../i18n';
import type { View } from '../app/mailbox-view';
import { troubleText } from '../mail/actions';
import { emailOf, isBlank, type Draft } from './draft';
import { holding, type LocalCopies } from './local';
import { identities } from './identities';

export type Saving = 'none' | 'typing' | 'saving' | 'saved' | 'local' | 'failed';

export class Composition {
  readonly draft;
  readonly state = signal<Saving>('none');
  readonly trouble = signal<string | null>(null);
  readonly uploads = signal(0);
  /** Reads what the editor holds into the draft. */
  collect: () => void = () => {};
  /** The text of the rich form. */
  plainText: () => string = () => this.draft.peek().text;
  /** What the window began with; null when that was somebody's work already. */
  private untouched: Draft | null;
  private dirty = false;
  private saving: Promise<void> | null = null;
  private localTimer: ReturnType<typeof setTimeout> | undefined;
  private serverTimer: ReturnType<typeof setTimeout> | undefined;
  private release: () => void = () => {};
  private ended = false;
  private failures = 0;

  constructor(
    readonly view: View,
    private readonly copies: LocalCopies,
    initial: Draft,
    isNew: boolean,
    readonly key: string = crypto.randomUUID(),
    public serverId: Id | null = null,
  ) {
    this.draft = signal(initial);
    this.untouched = isNew ? initial : null;
    // Work that is not on the server yet is saved there, whatever happens next.
    if (!isNew && serverId === null) this.touched();
    void holding(
      key,
      () =>
        new Promise(done => {
          this.release = done;
        }),
    );
  }

  /** The editor writes the same HTML in a way of its own: that is what the letter began with. */
  begins(html: string): void {
    const draft = this.draft.peek();
    if (!this.untouched || draft.html !== this.untouched.html) return;
    this.untouched = { ...this.untouched, html };
    this.draft.value = { ...draft, html };
  }

  /** To be sent as it stands, also when nothing was added to what the window began with. */
  isMeant(): void {
    this.untouched = null;
    this.touched();
  }

  change(with_: Partial<Draft>): void {
    this.draft.value = { ...this.draft.peek(), ...with_ };
    this.touched();
  }

  /** Something was typed: the local copy follows at once, the server a little later. */
  touched(): void {
    if (this.ended) return;
    this.dirty = true;
    if (this.state.peek() !== 'saving') this.state.value = 'typing';
    clearTimeout(this.localTimer);
    this.localTimer = setTimeout(() => this.keep(), 300);
    clearTimeout(this.serverTimer);
    this.serverTimer = setTimeout(() => {
      void this.save();
    }, 3000);
  }

  /** Writes the local copy now. */
  keep(): void {
    if (this.ended || !this.dirty) return;
    this.collect();
    this.copies.write({ key: this.key, draft: this.draft.peek(), serverId: this.serverId, at: Date.now() });
  }

  /** Saves in place: the new state first, then the old one goes, so that there is always one and never two. */
  save(): Promise<void> {
    clearTimeout(this.serverTimer);
    this.saving = (this.saving ?? Promise.resolve()).then(() => this.saveOnce());
    return this.saving;
  }

  private async saveOnce(): Promise<void> {
    this.collect();
    const draft = this.draft.peek();
    if (this.ended || !this.dirty || (this.serverId === null && this.isEmpty(draft))) return;
    this.keep();
    this.state.value = 'saving';
    this.dirty = false;
    try {
      const drafts = await this.view.actions.ensure('drafts');
      if (!drafts) throw new Error(t('folder.drafts'));
      const client = this.view.client;
      const answer = await client.call<SetAnswer<FullEmail>>('Email/set', {
        create: { d: emailOf(draft, this.from(), drafts.id, this.plainText(), this.identity()?.replyTo ?? null) },
      });
      const made = answer.created?.['d'];
      if (!made) throw new RecordError(answer.notCreated?.['d'] ?? { type: 'serverFail' });
      const old = this.serverId;
      this.serverId = made.id;
      if (!this.ended) this.copies.write({ key: this.key, draft, serverId: this.serverId, at: Date.now() });
      if (old) await client.call('Email/set', { destroy: [old] }).catch(() => {});
      this.trouble.value = null;
      this.failures = 0;
      this.state.value = this.dirty ? 'typing' : 'saved';
    } catch (error) {
      this.dirty = true;
      this.state.value = 'local';
      this.trouble.value = error instanceof RecordError ? t('compose.notSaved', { why: error.message }) : troubleText(error);
      clearTimeout(this.serverTimer);
      if (!this.ended)
        this.serverTimer = setTimeout(
          () => {
            void this.save();
          },
          Math.min(20_000, 2000 * 2 ** this.failures++),
        );
    }
  }

  /** The line may be back: what only lies here is saved there. */
  isOnline(): void {
    if (this.state.peek() === 'local') void this.save();
  }

  identity(): Identity | null {
    const all = identities.peek();
    return all.find(i => i.id === this.draft.peek().identity) ?? all[0] ?? null;
  }

  from(): EmailAddress {
    const identity = this.identity();
    return identity ? { name: identity.name || null, email: identity.email } : { name: null, email: this.view.client.session.username };
  }

  /** Put aside: it stays among the drafts. What could not be saved stays here. */
  async close(): Promise<void> {
    await this.save();
    if (this.state.peek() !== 'local') this.forget();
    this.end();
  }

  /** It is on its way, or thrown away: nothing is kept here. */
  forget(): void {
    this.copies.remove(this.key);
  }

  /** When nothing is being saved any more. */
  async settled(): Promise<void> {
    await this.saving;
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.localTimer);
    clearTimeout(this.serverTimer);
    this.release();
  }

  get isBlank(): boolean {
    this.collect();
    return this.isEmpty(this.draft.peek());
  }

  private isEmpty(draft: Draft): boolean {
    return this.untouched !== null && isBlank(draft, this.untouched);
  }
}
