// The list of deliveries: filters that act at once, links that change this page in place, and new rows that move nothing
// which somebody looks at or points to.

const form = document.querySelector('form[data-at-once]')
let timer
let pointed = false

if (form) actAtOnce(form)
showTab()
/** Where there is room, what is chosen stands beside the list. */
const wide = matchMedia('(min-width: 1440px)')
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-in-place], a[data-choose]')
  if (!link || !isPlain(event) || ('choose' in link.dataset && !wide.matches)) return
  event.preventDefault()
  visit(link.dataset.choose ?? link.getAttribute('href'))
})
/** What stands beside the list follows the keys. */
document.addEventListener('chosen', ({ target }) => {
  if (!target.dataset.choose || !wide.matches || !document.querySelector('aside > article')) return
  clearTimeout(timer)
  timer = setTimeout(() => visit(target.dataset.choose), 120)
})
document.addEventListener('pointerover', ({ target, pointerType }) => {
  pointed = pointerType === 'mouse' && target.closest?.('[data-rows] tr[id]') !== null
})
document.addEventListener('pointerout', ({ relatedTarget }) => {
  if (relatedTarget === null) pointed = false
})
document.addEventListener('swap', holdNewRows)
document.addEventListener('swapped', ({ detail }) => {
  syncFields(detail)
  showTab()
})
addEventListener('popstate', () => visit(location.pathname + location.search, true))

/** On a phone there are more tabs than it has room for: the current one is seen. */
function showTab() {
  const tab = document.querySelector('.tabs [aria-current]')
  const list = tab?.closest('ul')
  if (!list) return
  const [{ left, width }, around] = [tab.getBoundingClientRect(), list.getBoundingClientRect()]
  list.scrollLeft += left + width / 2 - (around.left + around.width / 2)
}

function visit(address, back = false) {
  document.dispatchEvent(new CustomEvent('visit', { detail: { address, back } }))
}

const isPlain = ({ button, ctrlKey, metaKey, shiftKey, altKey }) =>
  button === 0 && !(ctrlKey || metaKey || shiftKey || altKey)

/** A choice acts when it is made, a search when the typing rests. */
function actAtOnce(filters) {
  filters.dataset.script = 'on'
  const show = () => {
    const address = addressOf(filters)
    if (address !== location.pathname + location.search) visit(address)
  }
  filters.addEventListener('change', show)
  filters.addEventListener('input', ({ target }) => {
    clearTimeout(timer)
    if (target.type === 'search') timer = setTimeout(show, 250)
  })
  filters.addEventListener('submit', (event) => {
    event.preventDefault()
    clearTimeout(timer)
    filters.matches(':popover-open') && filters.hidePopover()
    show()
  })
}

function addressOf(filters) {
  clearTimeout(timer)
  const given = [...new FormData(filters)].filter(([, value]) => value.trim() !== '')
  const query = new URLSearchParams(given).toString()
  const { pathname } = new URL(filters.action)
  return query === '' ? pathname : `${pathname}?${query}`
}

/** The fields as the page that is now shown has them, but for the one in which somebody types. */
function syncFields(fresh) {
  const next = fresh.querySelector('form[data-at-once]')
  if (!form || !next) return
  for (const name of ['.clear', '.why']) form.querySelector(name).hidden = next.querySelector(name).hidden
  form.querySelector('.clear').href = next.querySelector('.clear').href
  for (const old of form.querySelectorAll('input[type="hidden"]')) old.remove()
  for (const hidden of next.querySelectorAll('input[type="hidden"]')) form.prepend(document.adoptNode(hidden))
  for (const field of form.querySelectorAll('input[id], select[id]'))
    if (field !== document.activeElement) field.value = next.querySelector(`#${field.id}`)?.value ?? ''
}

/**
 * While rows are pointed at, or the list is scrolled, what is new waits behind a button that counts it; the rows that are there
 * change in place.
 */
function holdNewRows(event) {
  const { target: list, detail: next } = event
  if (!('rows' in list.dataset)) return
  const isScrolled = list.getBoundingClientRect().top < 0
  if (!event.cancelable || !(pointed || isScrolled)) return announce(list, 0)
  const known = [...list.querySelectorAll('tr[id]')]
  const rows = [...next.querySelectorAll('tr[id]')]
  const added = rows.filter((row) => !document.getElementById(row.id))
  if (added.length === 0 && rows.length === known.length) return
  event.preventDefault()
  for (const row of known) {
    const fresh = next.querySelector(`#${row.id}`)
    if (fresh && !row.contains(document.activeElement) && fresh.innerHTML !== row.innerHTML)
      row.replaceWith(document.adoptNode(fresh))
  }
  announce(list, added.length)
}

function announce(list, count) {
  const before = document.querySelector('.unread')
  if (count === 0) return before?.remove()
  const button = before ?? Object.assign(document.createElement('button'), { type: 'button' })
  button.className = 'unread small'
  button.textContent = `${count} new`
  if (before) return
  list.before(button)
  button.addEventListener('click', () => {
    button.remove()
    scrollTo({ top: 0 })
    visit(document.querySelector('main').dataset.live, true)
  })
}
