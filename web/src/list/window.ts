// Which rows of a list of equal heights are in the document.

export interface Window {
  from: number;
  to: number;
}

/** Rows in sight and some before and after them; `to` is not part of it. */
export function windowOf(scrollTop: number, height: number, rowHeight: number, total: number, spare = 8): Window {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const last = Math.ceil((Math.max(0, scrollTop) + height) / rowHeight);
  const to = Math.min(total, last + spare);
  return { from: Math.max(0, Math.min(first - spare, to)), to };
}

/** Where to scroll so that a row is wholly in sight; null: it is. */
export function scrollFor(index: number, scrollTop: number, height: number, rowHeight: number): number | null {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : null;
}
