// Everything works without this script; it adds fresh contents, copying, and previews while typing.

const main = document.querySelector('main')
/** Each part as the server last sent it: scripts have added to it since. */
const received = new WeakMap()
let busy = false
let again = false
const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]
const relativeTime = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'short' })

for (const part of document.querySelectorAll('[data-swap]')) received.set(part, part.innerHTML)
for (const button of document.querySelectorAll('[data-copy]')) offerCopy(button)
for (const form of document.querySelectorAll('form[data-preview]')) previewWhileTyping(form)
for (const form of document.querySelectorAll('form[method="post"]')) sendOnce(form)
showAges()
setInterval(showAges, 10_000)
if (main?.dataset.live) followLive(main.dataset.live)

/** Fetches the page anew whenever the server reports a change. A hidden page does not follow. */
function followLive(address) {
  const follow = 'SharedWorker' in window ? sharedStream(onEvent) : ownStream(onEvent)
  const listen = () => follow(document.hidden ? null : address)
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
  document.addEventListener('visibilitychange', listen)
  addEventListener('pagehide', () => follow(null))
  addEventListener('pageshow', ({ persisted }) => persisted && listen())
  listen()
}

/** All open pages of this browser share one connection. */
function sharedStream(onEvent) {
  const { port } = new SharedWorker('/dashboard/assets/live.js')
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
    source = new EventSource(`/dashboard/events?${new URLSearchParams({ of: address })}`)
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
    const response = await fetch(freshAddress())
    if (response.redirected || !response.ok) return
    swapParts(new DOMParser().parseFromString(await response.text(), 'text/html'))
  }
}

/** The address this page follows: the answer to a posted form has another one. */
const freshAddress = () => main.dataset.live

function swapParts(fresh) {
  for (const old of document.querySelectorAll('[data-swap]')) {
    const next = fresh.getElementById(old.id)
    if (!next || next.innerHTML === received.get(old)) continue
    received.set(next, next.innerHTML)
    for (const open of old.querySelectorAll('details[open][id]'))
      next.querySelector(`#${open.id}`)?.setAttribute('open', '')
    for (const row of next.querySelectorAll('tr[id]'))
      row.classList.toggle('fresh', !document.getElementById(row.id))
    const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : undefined
    old.replaceWith(document.adoptNode(next))
    if (focused) findNamed(next, focused)?.focus({ preventScroll: true })
    for (const form of next.querySelectorAll('form[method="post"]')) sendOnce(form)
  }
  showAges()
}

/** What an element and its successor share. */
const nameOf = (element) => element.getAttribute('href') ?? element.closest('[id]')?.id

const findNamed = (top, name) =>
  [...top.querySelectorAll('[href], summary')].find((element) => nameOf(element) === name)

/** How long ago, or how soon, beside each time that asks for it; the reader's own clock as its title. */
function showAges() {
  for (const time of document.querySelectorAll('time[data-age]')) {
    const at = new Date(time.dateTime)
    const seconds = Math.round((at - Date.now()) / 1000)
    const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1]
    time.dataset.age = relativeTime.format(Math.trunc(seconds / length), unit)
    time.title = at.toLocaleString()
  }
}

function offerCopy(button) {
  const label = button.textContent
  button.hidden = false
  button.addEventListener('click', async () => {
    const part = document.getElementById(button.dataset.copy)
    try {
      await navigator.clipboard.writeText(part.value ?? part.textContent)
    } catch {
      select(part)
      document.execCommand('copy')
    }
    button.textContent = 'Copied'
    setTimeout(() => {
      button.textContent = label
    }, 2000)
  })
}

/** Without a secure context only what is selected can be copied. */
function select(part) {
  if (part.select) part.select()
  else getSelection().selectAllChildren(part)
}

function previewWhileTyping(form) {
  let timer
  const show = async () => {
    const response = await fetch(form.action, {
      method: 'POST',
      body: new URLSearchParams(new FormData(form)),
    })
    const fresh = new DOMParser()
      .parseFromString(await response.text(), 'text/html')
      .getElementById(form.dataset.preview)
    const old = document.getElementById(form.dataset.preview)
    if (!fresh || !old) return
    fresh.querySelector('details')?.toggleAttribute('open', old.querySelector('details')?.open ?? false)
    old.replaceWith(document.adoptNode(fresh))
  }
  form.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(show, 250)
  })
}

/** A second click sends nothing while the first is under way. */
function sendOnce(form) {
  form.addEventListener('submit', () => {
    for (const button of form.querySelectorAll('button'))
      setTimeout(() => button.toggleAttribute('disabled', true))
  })
  addEventListener('pageshow', () => {
    for (const button of form.querySelectorAll('button')) button.toggleAttribute('disabled', false)
  })
}
