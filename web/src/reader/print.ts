/** Prints one message: the style sheet hides everything else. */
export function printMessage(id: string): void {
  const message = document.getElementById(`message-${id}`);
  message?.classList.add('printed');
  document.documentElement.classList.add('printing');
  addEventListener(
    'afterprint',
    () => {
      message?.classList.remove('printed');
      document.documentElement.classList.remove('printing');
    },
    { once: true },
  );
  print();
}
