/** Icons: outlines of 24 × 24, drawn with the colour of the text. They say nothing that is not also said in words. */
const PATHS = {
  menu: 'M4 6h16M4 12h16M4 18h16',
  close: 'M6 6l12 12M18 6L6 18',
  sun: 'M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.5 1.5M16.9 16.9l1.5 1.5M5.6 18.4l1.5-1.5M16.9 7.1l1.5-1.5M12 8a4 4 0 100 8 4 4 0 000-8z',
  moon: 'M20 14.5A8.5 8.5 0 019.5 4a8.5 8.5 0 1010.5 10.5z',
  user: 'M12 4a4 4 0 110 8 4 4 0 010-8zM4.5 20a7.5 7.5 0 0115 0',
  page: 'M6 3h8l4 4v14H6zM14 3v4h4',
  plant: 'M3 21V10l6 4v-4l6 4V4h6v17zM7 17h2M12 17h2M17 17h2',
  shell: 'M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9',
  submodel: 'M4 4h16v16H4zM4 9h16M9 9v11',
  chart: 'M4 4v16h16M7 15l4-5 3 3 5-7',
  table: 'M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  download: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  warning: 'M12 4l9 16H3zM12 10v4M12 17v.5',
  info: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5M12 7.5V8',
  search: 'M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20',
  chevron: 'M9 6l6 6-6 6',
  back: 'M15 6l-6 6 6 6',
  leave: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  link: 'M10 14a4 4 0 005.7 0l3-3A4 4 0 0013 5.3l-1 1M14 10a4 4 0 00-5.7 0l-3 3A4 4 0 0011 18.7l1-1',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  play: 'M7 4l13 8-13 8z',
  code: 'M8 7l-5 5 5 5M16 7l5 5-5 5',
  copy: 'M8 8h12v12H8zM16 8V4H4v12h4',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.5M4 12h.5M4 18h.5',
  shield: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z',
  history: 'M4 12a8 8 0 108-8 8 8 0 00-7 4M4 4v4h4M12 8v4l3 2',
  key: 'M8 12a4 4 0 100 8 4 4 0 000-8zM11 13l8-8M16 8l3 3M14 10l2 2',
  plug: 'M9 3v5M15 3v5M6 8h12v4a6 6 0 01-12 0zM12 18v3',
  gauge: 'M4 18a9 9 0 1116 0M12 14l4-5M12 14a1 1 0 100 2 1 1 0 000-2z',
  clipboard: 'M8 5H5v16h14V5h-3M9 3h6v4H9zM8.5 14l2.5 2.5 4.5-5'
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { readonly name: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name as IconName] ?? PATHS.page} />
    </svg>
  )
}
