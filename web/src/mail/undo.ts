// Everything that can be done can be undone: an act knows its way back. The last acts are kept, newest first.
import { signal } from '@preact/signals';

export interface Act {
  /** What was done, in words. */
  label: string;
  undo: () => Promise<void>;
}

export interface Notice {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
  kind: 'done' | 'trouble' | 'busy';
  /** Milliseconds; 0: until it is closed. */
  stays: number;
  /** 0 to 1 while something runs. */
  share?: number;
}

export const notices = signal<readonly Notice[]>([]);
const acts: Act[] = [];
let ids = 0;

export function notify(notice: Omit<Notice, 'id' | 'stays' | 'kind'> & Partial<Pick<Notice, 'stays' | 'kind'>>): number {
  const one: Notice = { kind: 'done', stays: notice.kind === 'busy' ? 0 : 8000, ...notice, id: ++ids };
  // One word at a time of what was done; troubles stay until they are read.
  notices.value = [...notices.value.filter(n => n.kind !== 'done' || one.kind !== 'done'), one];
  if (one.stays > 0) setTimeout(() => dismiss(one.id), one.stays);
  return one.id;
}

export function change(id: number, with_: Partial<Notice>): void {
  notices.value = notices.value.map(n => (n.id === id ? { ...n, ...with_ } : n));
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter(n => n.id !== id);
}

export function did(act: Act, undoLabel: string): void {
  acts.unshift(act);
  acts.length = Math.min(acts.length, 50);
  const id = notify({
    text: act.label,
    stays: 10_000,
    action: {
      label: undoLabel,
      run: () => {
        dismiss(id);
        void undo(act);
      },
    },
  });
}

let underway: Promise<unknown> = Promise.resolve();

/** An act has begun: whoever takes back the last act now means this one, though the server has not answered yet. */
export function begun<T>(work: Promise<T>): Promise<T> {
  underway = work.catch(() => {});
  return work;
}

/** Takes back the last act, or this one. */
export async function undo(one?: Act): Promise<boolean> {
  if (!one) await underway;
  const act = one ?? acts[0];
  if (!act) return false;
  const at = acts.indexOf(act);
  if (at >= 0) acts.splice(at, 1);
  notices.value = notices.value.filter(n => n.kind !== 'done');
  await act.undo();
  return true;
}
