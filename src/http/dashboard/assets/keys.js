// Keys for the whole dashboard. None acts while somebody types, and none is needed: each does what a link or a button does.

/** A proxy may show the dashboard below a path. */
const home = new URL('..', import.meta.url).pathname.slice(0, -1)
const places = {
  d: home,
  s: `${home}/sessions`,
  c: `${home}/channels`,
  h: `${home}/hooks`,
  ',': `${home}/settings`,
}
const help = [
  ['j, k', 'down, up in a list'],
  ['Enter', 'open'],
  ['r', 'retry what failed'],
  ['e', 'edit and replay a delivery'],
  ['/', 'search'],
  ['f', 'filters'],
  ['g d', 'deliveries'],
  ['g s', 'sessions'],
  ['g c', 'channels'],
  ['g h', 'hooks'],
  ['g ,', 'settings'],
  ['Esc', 'close, or back to the list'],
  ['?', 'this help'],
]
const acts = {
  j: () => move(1),
  k: () => move(-1),
  r: () => retryButton()?.click(),
  e: editMessage,
  '/': search,
  f: showFilters,
  '?': showHelp,
  Escape: back,
}
/** When `g` was pressed: the next key within a second names a place. */
let goingSince = Number.NEGATIVE_INFINITY

for (const [key, href] of Object.entries(places))
  for (const link of document.querySelectorAll(`nav[aria-label="Main"] a[href="${href}"]`))
    link.title = `${link.textContent.trim()} (g ${key})`
addEventListener('keydown', onKey)

function onKey(event) {
  const { key, target } = event
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
  if (document.querySelector('dialog[open], :popover-open') && key !== 'Escape') return
  if (isTyping(target)) return key === 'Escape' && leave(event)
  const isPlace = event.timeStamp - goingSince < 1000 && key in places
  goingSince = key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY
  const act = isPlace ? () => location.assign(places[key]) : acts[key]
  if (!act || (key === 'Escape' && document.querySelector('dialog[open], :popover-open'))) return
  event.preventDefault()
  act()
}

const isTyping = (target) =>
  target.matches?.('input:not([type="checkbox"]), textarea, select, [contenteditable]')

/** A browser would empty a search field, and with it the filter. */
function leave(event) {
  event.preventDefault()
  event.target.blur()
}

const rowLinks = () =>
  [...document.querySelectorAll('main table tbody tr')].flatMap(
    (row) => row.querySelector('a.whole') ?? row.querySelector('a[href]') ?? [],
  )

/** From the row that has the focus, else from the chosen one; into the list from outside. */
function move(by) {
  const links = rowLinks()
  const here = links.findIndex((link) => link.closest('tr').contains(document.activeElement))
  const from = here >= 0 ? here : links.findIndex((link) => link.closest('tr.selected'))
  const next = from < 0 ? links[0] : links[from + by]
  next?.focus({ preventScroll: true })
  next?.scrollIntoView({ block: 'nearest' })
  next?.dispatchEvent(new CustomEvent('chosen', { bubbles: true }))
}

/** Of the row that has the focus, else of the delivery that is shown. */
const retryButton = () =>
  (document.activeElement?.closest('tr') ?? document.querySelector('article.delivery'))?.querySelector(
    '[data-key="r"]',
  )

function editMessage() {
  const details = document.getElementById('edit')
  if (!details) return
  details.open = true
  details.querySelector('textarea')?.focus()
}

function search() {
  const field = document.querySelector('main input[type="search"]')
  if (!field) return
  openFilters()
  field.focus()
  field.select()
}

function showFilters() {
  openFilters()
  document.querySelector('.filters select, .filters input:not([type="hidden"], [type="search"])')?.focus()
}

/** Where there is no room for them they wait behind a button. */
function openFilters() {
  const button = document.querySelector('[popovertarget="filters"]')
  if (button?.checkVisibility()) document.getElementById('filters').showPopover()
}

function back() {
  const link = document.querySelector('[data-key="Escape"], .crumb a')
  if (link) link.click()
  else if (document.activeElement !== document.body) document.activeElement?.blur()
}

function showHelp() {
  const dialog = document.getElementById('keys') ?? makeHelp()
  dialog.showModal()
}

function makeHelp() {
  const dialog = Object.assign(document.createElement('dialog'), { id: 'keys' })
  dialog.setAttribute('aria-labelledby', 'keys-title')
  const title = Object.assign(document.createElement('h2'), { id: 'keys-title', textContent: 'Keys' })
  const list = document.createElement('dl')
  for (const [keys, what] of help) {
    const name = document.createElement('dt')
    name.append(
      ...keys
        .split(', ')
        .flatMap((each) => [' ', Object.assign(document.createElement('kbd'), { textContent: each })]),
    )
    list.append(name, Object.assign(document.createElement('dd'), { textContent: what }))
  }
  const close = Object.assign(document.createElement('button'), { textContent: 'Close', className: 'quiet' })
  const form = Object.assign(document.createElement('form'), { method: 'dialog' })
  form.append(close)
  dialog.append(title, list, form)
  document.body.append(dialog)
  return dialog
}
