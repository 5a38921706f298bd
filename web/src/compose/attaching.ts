// Files on their way up, a few at a time, each with its progress; what broke off is tried again.
import { signal, type Signal } from '@preact/signals';
import { OfflineError, RequestError } from '../jmap/errors';
import { upload, type Upload } from '../jmap/transfer';
import { t } from '../i18n';
import { bytes } from '../i18n/dates';
import { troubleText } from '../mail/actions';
import type { Attached } from './draft';
import type { Composition } from './composition';

export interface Sending {
  id: string;
  name: string;
  size: number;
  share: Signal<number>;
  trouble: Signal<string | null>;
  cancel(): void;
  retry(): void;
}

export class Uploads {
  readonly list = signal<readonly Sending[]>([]);
  private readonly queue: (() => Promise<void>)[] = [];
  private running = 0;

  constructor(private readonly one: Composition) {}

  get busy(): boolean {
    return this.list.value.some(s => s.trouble.value === null);
  }

  /** Sends a file up; `cid` makes it a picture of the text. */
  add(file: File, cid: string | null, done?: (attached: Attached) => void): void {
    const limits = this.one.view.client.limits;
    const sending: Sending = {
      id: crypto.randomUUID(),
      name: file.name || t('reader.unnamed'),
      size: file.size,
      share: signal(0),
      trouble: signal<string | null>(null),
      cancel: () => {
        current?.cancel();
        this.remove(sending);
      },
      retry: () => {
        sending.trouble.value = null;
        start();
      },
    };
    let current: Upload | null = null;
    const run = async () => {
      if (!this.list.peek().includes(sending)) return;
      for (let tries = 0; ; tries++) {
        try {
          current = upload(this.one.view.client.session, file, share => {
            sending.share.value = share;
          });
          const { blobId, type, size } = await current.done;
          const attached = { blobId, name: sending.name, type: file.type || type || 'application/octet-stream', size, cid };
          this.one.change({ attachments: [...this.one.draft.peek().attachments, attached] });
          this.remove(sending);
          done?.(attached);
          return;
        } catch (error) {
          if (error instanceof DOMException) return;
          const passing = error instanceof OfflineError || (error instanceof RequestError && error.isPassing);
          if (passing && tries < 3) {
            await new Promise(go => setTimeout(go, 1000 * 2 ** tries));
            continue;
          }
          sending.trouble.value =
            error instanceof RequestError && error.status === 413
              ? t('attach.tooLarge', { limit: bytes(limits.maxSizeUpload) })
              : troubleText(error);
          return;
        }
      }
    };
    const start = () => {
      this.queue.push(run);
      this.next();
    };
    this.list.value = [...this.list.peek(), sending];
    if (file.size > limits.maxSizeUpload) sending.trouble.value = t('attach.tooLarge', { limit: bytes(limits.maxSizeUpload) });
    else start();
  }

  private next(): void {
    while (this.running < this.one.view.client.limits.maxConcurrentUpload && this.queue.length > 0) {
      this.running++;
      void this.queue.shift()!().finally(() => {
        this.running--;
        this.next();
      });
    }
  }

  private remove(sending: Sending): void {
    this.list.value = this.list.peek().filter(s => s !== sending);
  }
}
