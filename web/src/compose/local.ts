// The copy of a letter that lies in this browser: written before the server hears of it, kept through crash, sign-out and lost lines, gone when the
// letter is sent or safely among the drafts and closed.
import type { Id } from '../jmap/types';
import type { Draft } from './draft';

export interface LocalCopy {
  key: string;
  draft: Draft;
  /** The draft on the server that it is newer than; null: there is none yet. */
  serverId: Id | null;
  at: number;
}

export interface Storage {
  length: number;
  key(index: number): string | null;
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

export class LocalCopies {
  private readonly prefix: string;

  constructor(
    account: string,
    private readonly storage: Storage = localStorage,
  ) {
    this.prefix = `aviso.draft.${account}.`;
  }

  /** False: this browser keeps nothing. */
  write(copy: LocalCopy): boolean {
    try {
      this.storage.setItem(this.prefix + copy.key, JSON.stringify(copy));
      return true;
    } catch {
      return false;
    }
  }

  remove(key: string): void {
    try {
      this.storage.removeItem(this.prefix + key);
    } catch {
      /* nothing was kept */
    }
  }

  all(): LocalCopy[] {
    const out: LocalCopy[] = [];
    try {
      for (let i = 0; i < this.storage.length; i++) {
        const name = this.storage.key(i);
        if (!name?.startsWith(this.prefix)) continue;
        const copy = JSON.parse(this.storage.getItem(name) ?? 'null') as LocalCopy | null;
        if (copy && typeof copy.key === 'string' && typeof copy.draft === 'object') out.push(copy);
      }
    } catch {
      /* what cannot be read is as lost */
    }
    return out.sort((a, b) => b.at - a.at);
  }
}

/** Runs `held` while no other tab writes this letter; false when one does. The lock ends with the tab, however it ends. */
export function holding(key: string, held: () => Promise<void>): Promise<boolean> {
  if (!navigator.locks) return held().then(() => true);
  return new Promise(resolve => {
    void navigator.locks.request(`aviso.draft.${key}`, { ifAvailable: true }, async lock => {
      resolve(lock !== null);
      if (lock) await held();
    });
  });
}
