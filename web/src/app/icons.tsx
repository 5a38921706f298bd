// Line icons on a grid of 24, drawn for this page.
const paths = {
  inbox: 'M4 13l2.5-8h11L20 13v6H4zM4 13h4.5l1.5 2.5h4L15.5 13H20',
  star: 'M12 4l2.5 5.2 5.5.8-4 4 1 5.7-5-2.7-5 2.7 1-5.7-4-4 5.5-.8z',
  drafts: 'M5 4h9l5 5v11H5zM14 4v5h5M8.5 13h7M8.5 16.5h5',
  sent: 'M4 11.5L20 4l-6 16-3-6.5zM11 13.5L20 4',
  archive: 'M4 5h16v4H4zM5.5 9v10h13V9M10 13h4',
  junk: 'M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7zM12 8v5M12 16v.5',
  trash: 'M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5',
  folder: 'M4 6h5.5l2 2.5H20V19H4z',
  important: 'M5 5h9l5 7-5 7H5l4.5-7z',
  all: 'M4 6h16v12H4zM4 7l8 6 8-6',
  search: 'M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12zM15 15l5 5',
  close: 'M6 6l12 12M18 6L6 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  back: 'M11 5l-7 7 7 7M4.5 12H20',
  down: 'M6 9l6 6 6-6',
  right: 'M9 6l6 6-6 6',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  reply: 'M9 6l-5 5 5 5M4.5 11H14a6 6 0 0 1 6 6v1',
  replyAll: 'M7.5 6l-5 5 5 5M12.5 6l-5 5 5 5M8 11h7a6 6 0 0 1 6 6v1',
  forward: 'M15 6l5 5-5 5M19.5 11H10a6 6 0 0 0-6 6v1',
  read: 'M4 9l8-5 8 5v10H4zM4 9.5l8 5.5 8-5.5',
  unread: 'M4 6h16v12H4zM4 7l8 6 8-6',
  move: 'M4 6h5.5l2 2.5H20V19H4zM9 13.5h6M12.5 11l2.5 2.5-2.5 2.5',
  attach: 'M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L13 4.3a3 3 0 0 1 4.3 4.3l-7.7 7.6a1.5 1.5 0 0 1-2.1-2.1L14.3 7.3',
  compose: 'M5 19h3.5L19 8.5 15.5 5 5 15.5zM13 7.5l3.5 3.5',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  undo: 'M8 5L4 9l4 4M4.5 9H14a5.5 5.5 0 0 1 0 11H9',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15 9.5h.01',
  bold: 'M7 5h6a3.5 3.5 0 0 1 0 7H7zM7 12h7a3.5 3.5 0 0 1 0 7H7z',
  italic: 'M10 5h7M7 19h7M14 5l-4 14',
  underline: 'M7 5v6a5 5 0 0 0 10 0V5M6 20h12',
  bullets: 'M9.5 7H20M9.5 12H20M9.5 17H20M5 7h.01M5 12h.01M5 17h.01',
  numbers: 'M10 7h10M10 12h10M10 17h10M4.5 6L6 5v4M4.5 15h2.2L4.5 18.5h2.5',
  quote: 'M5 6v12M9.5 8H20M9.5 12H20M9.5 16H16',
  link: 'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1',
  plain: 'M5 6V5h14v1M12 5v14M9.5 19h5',
  minimise: 'M6 18h12',
  expand: 'M14 4h6v6M10 20H4v-6M20 4l-6.5 6.5M4 20l6.5-6.5',
  person: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20a7.5 7.5 0 0 1 15 0',
  people:
    'M9.5 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM3 19.5a6.5 6.5 0 0 1 13 0M15.5 5.3a3.5 3.5 0 0 1 0 6.4M17.5 14a6.5 6.5 0 0 1 3.5 5.5',
  phone: 'M5 4h4l1.5 4.5L8 10a12 12 0 0 0 6 6l1.5-2.5L20 15v4a1 1 0 0 1-1 1A15 15 0 0 1 4 5a1 1 0 0 1 1-1z',
  place: 'M12 3.5a6.5 6.5 0 0 1 6.5 6.5c0 4.5-6.5 10.5-6.5 10.5S5.5 14.5 5.5 10A6.5 6.5 0 0 1 12 3.5zM12 8a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4',
  keyboard: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8M18.5 10h.01',
  print: 'M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z',
  code: 'M8 7l-5 5 5 5M16 7l5 5-5 5',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  warning: 'M12 4l9 16H3zM12 10v4.5M12 17v.3',
  file: 'M6 4h8l4 4v12H6zM14 4v4h4',
  clock: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4.5l3 1.5',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM9 15a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
  plus: 'M12 5v14M5 12h14',
  out: 'M10 4H5v16h5M15 8l4 4-4 4M9 12h10',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, filled = false, size = 20 }: { name: IconName; filled?: boolean; size?: number }) {
  const flips =
    name === 'back' ||
    name === 'reply' ||
    name === 'replyAll' ||
    name === 'forward' ||
    name === 'right' ||
    name === 'sent' ||
    name === 'out';
  return (
    <svg class={flips ? 'icon flips' : 'icon'} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={paths[name]}
        fill={filled ? 'currentColor' : 'none'}
        stroke="currentColor"
        stroke-width={name === 'more' ? 3 : 1.7}
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

export function IconButton({
  icon,
  label,
  onClick,
  filled,
  pressed,
  disabled,
  class: extra,
  tab,
  hint,
}: {
  icon: IconName;
  label: string;
  onClick: (event: MouseEvent) => void;
  filled?: boolean;
  pressed?: boolean;
  disabled?: boolean;
  class?: string;
  tab?: number;
  hint?: string;
}) {
  return (
    <button
      type="button"
      class={`icon-button ${extra ?? ''}`}
      aria-label={label}
      title={hint ? `${label} (${hint})` : label}
      aria-pressed={pressed}
      disabled={disabled}
      tabIndex={tab}
      onClick={onClick}
    >
      <Icon name={icon} filled={filled ?? false} />
    </button>
  );
}
