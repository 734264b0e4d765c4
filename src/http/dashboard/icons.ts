import type { Section } from './page.ts'

const drawn = (paths: string): string =>
  `<svg viewBox="0 0 20 20" aria-hidden="true" focusable="false">${paths}</svg>`

/** The marks of the navigation: 20 units wide, lines only, in the colour of their text. */
export const icons: Readonly<Record<Section, string>> = {
  deliveries: drawn('<path d="M3 11h4l1.5 2.5h3L13 11h4"/><path d="M3 11l2-6h10l2 6v4.5H3z"/>'),
  sessions: drawn(
    '<rect x="2.5" y="4" width="15" height="12" rx="2"/><path d="M6 8l2.5 2L6 12"/><path d="M10.5 12.5h3.5"/>',
  ),
  channels: drawn(
    '<path d="M8.5 11.5a3 3 0 0 0 4.2 0l2.6-2.6a3 3 0 0 0-4.2-4.2l-.9.9"/><path d="M11.5 8.5a3 3 0 0 0-4.2 0l-2.6 2.6a3 3 0 0 0 4.2 4.2l.9-.9"/>',
  ),
  hooks: drawn(
    '<circle cx="6" cy="14" r="2.2"/><circle cx="14.5" cy="14" r="2.2"/><circle cx="10" cy="5.5" r="2.2"/><path d="M9 7.5l-2.6 4.4"/><path d="M8.2 14h4"/><path d="M11.1 7.4l2.3 4.6"/>',
  ),
  settings: drawn(
    '<path d="M3 6h8M15 6h2M3 14h2M9 14h8"/><circle cx="13" cy="6" r="2"/><circle cx="7" cy="14" r="2"/>',
  ),
}
