/** As a ref: the element takes the focus when it appears. (The autofocus attribute does so only on a page where nothing has it yet.) */
export const takesFocus = (element: HTMLElement | null): void => {
  element?.focus();
};
