// The ids of a long result, of which only some windows are known: an array with holes.
import type { Id, QueryChangesAnswer } from '../jmap/types';

export type Sparse = (Id | undefined)[];

/** Puts a window where it belongs. */
export function place(list: Sparse, position: number, ids: readonly Id[], total: number): Sparse {
  const out = list.slice(0, total);
  out.length = total;
  ids.forEach((id, i) => {
    if (position + i < total) out[position + i] = id;
  });
  return out;
}

/** The windows of `size` that have holes between two rows. */
export function missing(list: Sparse, from: number, to: number, size: number): number[] {
  const out: number[] = [];
  for (let page = Math.floor(Math.max(0, from) / size); page * size < Math.min(to, list.length); page++) {
    const end = Math.min((page + 1) * size, list.length);
    for (let i = page * size; i < end; i++)
      if (list[i] === undefined) {
        out.push(page);
        break;
      }
  }
  return out;
}

/**
 * RFC 8620 §5.6: removed ids are spliced out, added ones spliced in at their index, lowest first. Null when what was removed lies in a hole:
 * then nobody knows which rows moved.
 */
export function applyChanges(list: Sparse, changes: QueryChangesAnswer): Sparse | null {
  const gone = new Set(changes.removed);
  const found = new Set<Id>();
  let holes = false;
  for (let i = 0; i < list.length; i++) {
    const id = list[i];
    if (id === undefined) holes = true;
    else if (gone.has(id)) found.add(id);
  }
  if (holes && found.size < gone.size) return null;
  const out: Sparse = found.size === 0 ? list.slice() : without(list, found);
  for (const { id, index } of [...changes.added].sort((a, b) => a.index - b.index)) {
    if (index > out.length) out.length = index;
    out.splice(index, 0, id);
  }
  if (changes.total !== undefined && changes.total !== out.length) {
    if (changes.total > out.length || out.slice(changes.total).some(id => id !== undefined)) return null;
    out.length = changes.total;
  }
  return out;
}

/** The list without these; holes stay holes. */
export function without(list: Sparse, ids: ReadonlySet<Id>): Sparse {
  const out: Sparse = [];
  let length = 0;
  for (let i = 0; i < list.length; i++) {
    const id = list[i];
    if (id !== undefined && ids.has(id)) continue;
    if (id !== undefined) out[length] = id;
    length++;
  }
  out.length = length;
  return out;
}
