/**
 * Keeps the focus on the page: when what had it is taken away (a form that was saved, a row that was removed), it goes to the last thing that can be done
 * in the same card, else to the heading.
 */
export function keepFocus(page: HTMLElement): () => void {
  let last: HTMLElement | null = null,
    card: Element | null = null;
  const focused = (event: FocusEvent) => {
    last = event.target as HTMLElement;
    card = last.closest('.card');
  };
  const observer = new MutationObserver(() => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    last = null;
    const acts = card?.isConnected ? card.querySelectorAll<HTMLElement>('button') : [];
    (acts[acts.length - 1] ?? page.querySelector<HTMLElement>('h1[tabindex]'))?.focus();
  });
  page.addEventListener('focusin', focused);
  observer.observe(page, { childList: true, subtree: true });
  return () => {
    page.removeEventListener('focusin', focused);
    observer.disconnect();
  };
}
