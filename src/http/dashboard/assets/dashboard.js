// Everything works without this script; it adds fresh contents, and the reader's own times.

const main = document.querySelector('main')
/** What addresses here have before those of the server, which a proxy may show below a path. */
const root = new URL('../..', document.currentScript.src).pathname.slice(0, -1)
/** Each part as the server last sent it: scripts have added to it since. */
const received = new WeakMap()
let busy = false
let again = false
const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
]
const localTime = new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'medium' })
const wholeTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })

for (const part of document.querySelectorAll('[data-swap]')) received.set(part, part.innerHTML)
for (const form of document.querySelectorAll('form[method="post"]')) sendOnce(form)
showTimes()
setInterval(showTimes, 5000)
if (main?.dataset.live) followLive()

/** Fetches the page anew whenever the server reports a change. A hidden page does not follow. */
function followLive() {
  const follow = 'SharedWorker' in window ? sharedStream(onEvent) : ownStream(onEvent)
  const listen = () => follow(document.hidden ? null : freshAddress())
  const handlers = {
    changed: refresh,
    gone: askWhy,
    live: () => showPulse('live'),
    connecting: () => showPulse('connecting'),
    refused: () => {
      showPulse('connecting')
      setTimeout(askWhy, 3000)
    },
  }
  function onEvent(name) {
    handlers[name]?.()
  }
  /** A login that is over, or a page that is gone, is shown as what it is now. */
  async function askWhy() {
    const response = await fetch(freshAddress()).catch(() => undefined)
    if (response?.redirected || response?.status === 404) location.reload()
    else listen()
  }
  document.addEventListener('visit', ({ detail }) => visit(detail, listen))
  document.addEventListener('visibilitychange', listen)
  addEventListener('pagehide', () => follow(null))
  addEventListener('pageshow', ({ persisted }) => persisted && listen())
  listen()
}

/** All open pages of this browser share one connection. */
function sharedStream(onEvent) {
  const { port } = new SharedWorker(`${root}/dashboard/assets/live.js`)
  port.addEventListener('message', ({ data }) => onEvent(data))
  port.start()
  return (address) => port.postMessage(address)
}

/** Where there are no shared workers. */
function ownStream(onEvent) {
  let source
  return (address) => {
    source?.close()
    source = undefined
    if (address === null) return
    const query = new URLSearchParams({ of: address.slice(root.length) })
    source = new EventSource(`${root}/dashboard/events?${query}`)
    source.addEventListener('open', () => onEvent('live'))
    source.addEventListener('error', ({ target }) =>
      onEvent(target.readyState === EventSource.CLOSED ? 'refused' : 'connecting'),
    )
    for (const kind of ['changed', 'gone']) source.addEventListener(kind, () => onEvent(kind))
  }
}

function showPulse(state) {
  const pulse = document.getElementById('pulse')
  if (!pulse) return
  pulse.hidden = false
  pulse.dataset.state = state
  pulse.textContent = state
}

/** One at a time; what changes meanwhile asks for one more. */
async function refresh() {
  again = true
  if (busy) return
  busy = true
  await fetchAnew().catch(() => {})
  busy = false
}

async function fetchAnew() {
  while (again) {
    again = false
    const address = freshAddress()
    const response = await fetch(address)
    if (response.redirected || !response.ok) return
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
    if (address === freshAddress()) swapParts(fresh)
  }
}

/** Another address of the same page in place of this one, as `{ address, back }`: its parts, its title, what is followed. */
async function visit({ address, back = false }, listen) {
  if (!back) history.pushState(null, '', address)
  main.dataset.live = address
  const response = await fetch(address).catch(() => undefined)
  if (freshAddress() !== address) return
  if (!response?.ok || response.redirected) return location.assign(address)
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
  if (freshAddress() !== address) return
  main.dataset.live = fresh.querySelector('main')?.dataset.live ?? address
  document.title = fresh.title
  swapParts(fresh, { whole: true })
  listen()
}

/** The address this page follows: the answer to a posted form has another one. */
function freshAddress() {
  return main.dataset.live
}

/**
 * A part that names what it shows (`data-swap="…"`) is replaced whole only by one that shows something else. Scripts that listen
 * to `swap` may keep a part as it is by preventing that, unless the page is `whole`ly another one.
 */
function swapParts(fresh, { whole = false } = {}) {
  for (const old of document.querySelectorAll('[data-swap]')) {
    const next = fresh.getElementById(old.id)
    if (!next || next.innerHTML === received.get(old)) continue
    if (old.dataset.swap && old.dataset.swap === next.dataset.swap) continue
    const event = new CustomEvent('swap', { cancelable: !whole, bubbles: true, detail: next })
    if (!old.dispatchEvent(event)) continue
    for (const part of [next, ...next.querySelectorAll('[data-swap]')]) received.set(part, part.innerHTML)
    for (const open of old.querySelectorAll('details[open][id]'))
      next.querySelector(`#${open.id}`)?.setAttribute('open', '')
    if (!whole)
      for (const row of next.querySelectorAll('tr[id]'))
        row.classList.toggle('fresh', !document.getElementById(row.id))
    const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : undefined
    old.replaceWith(document.adoptNode(next))
    if (focused) findNamed(next, focused)?.focus({ preventScroll: true })
    for (const form of next.querySelectorAll('form[method="post"]')) sendOnce(form)
  }
  showTimes()
  document.dispatchEvent(new CustomEvent('swapped', { detail: fresh }))
}

/** What an element and its successor share; the address of a row's link changes with the filter. */
const nameOf = (element) =>
  (element.matches('a.whole') ? null : element.getAttribute('href')) ?? element.closest('[id]')?.id

const findNamed = (top, name) =>
  [...top.querySelectorAll('[href], summary')].find((element) => nameOf(element) === name)

/** Times are the reader's own: `12s ago` or `in 3h` where `data-age` asks for that, else the local time. */
function showTimes() {
  for (const time of document.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime)
    const shown = 'age' in time.dataset ? ageOf(at, time.dataset.age) : timeOf(time, at)
    if (time.textContent !== shown) time.textContent = shown
    time.title = wholeTime.format(at)
  }
}

/** To the millisecond where the element asks for it. */
function timeOf({ dateTime, classList }, at) {
  const second = localTime.format(at)
  return classList.contains('moment') ? second + dateTime.slice(19, 23) : second
}

/** `kind`: `for` of what lasts (`for 4m`), `bare` below the head "Age". */
function ageOf(at, kind) {
  const seconds = Math.round((Date.now() - at) / 1000)
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ['s', 1]
  const count = `${Math.trunc(Math.abs(seconds) / length)}${unit}`
  if (kind === 'bare') return count
  if (kind === 'for') return `for ${count}`
  return seconds < 0 ? `in ${count}` : `${count} ago`
}

/** A second click sends nothing while the first is under way; what a script does itself is none of these. */
function sendOnce(form) {
  form.addEventListener('submit', (event) => {
    for (const button of form.querySelectorAll('button'))
      setTimeout(() => event.defaultPrevented || button.toggleAttribute('disabled', true))
  })
  addEventListener('pageshow', () => {
    for (const button of form.querySelectorAll('button')) button.toggleAttribute('disabled', false)
  })
}
