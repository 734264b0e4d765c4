// Everything works without this script; it adds fresh contents, copying, and previews while typing.

const main = document.querySelector('main')
if (main?.dataset.live) followLive(main.dataset.live)
for (const button of document.querySelectorAll('[data-copy]')) offerCopy(button)
for (const form of document.querySelectorAll('form[data-preview]')) previewWhileTyping(form)
for (const form of document.querySelectorAll('form[method="post"]')) sendOnce(form)

/** Hears that the page has changed and fetches it anew. A hidden page lets go: browsers allow few connections a server. */
function followLive(address) {
  let source
  const listen = () => {
    source?.close()
    source = undefined
    if (document.hidden) return
    source = new EventSource(address)
    source.addEventListener('open', () => showPulse('live'))
    source.addEventListener('changed', refresh)
    source.addEventListener('error', () => {
      showPulse('connecting')
      // Refused, not cut off: browsers try again by themselves only after the latter.
      if (source?.readyState === EventSource.CLOSED) setTimeout(askWhy, 3000)
    })
  }
  /** A login that is over, or a page that is gone, is shown as what it is now. */
  const askWhy = async () => {
    const response = await fetch(freshAddress()).catch(() => undefined)
    if (response?.redirected || response?.status === 404) location.reload()
    else listen()
  }
  document.addEventListener('visibilitychange', listen)
  addEventListener('pagehide', () => source?.close())
  listen()
}

function showPulse(state) {
  const pulse = document.getElementById('pulse')
  if (!pulse) return
  pulse.hidden = false
  pulse.dataset.state = state
  pulse.textContent = state
}

let busy = false
let again = false

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
const freshAddress = () => new URL(main.dataset.live, location.href).searchParams.get('of') ?? location.href

function swapParts(fresh) {
  for (const old of document.querySelectorAll('[data-swap]')) {
    const next = fresh.getElementById(old.id)
    if (!next || next.innerHTML === old.innerHTML) continue
    for (const open of old.querySelectorAll('details[open][id]'))
      next.querySelector(`#${open.id}`)?.setAttribute('open', '')
    const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : undefined
    old.replaceWith(document.adoptNode(next))
    if (focused) findNamed(next, focused)?.focus({ preventScroll: true })
  }
}

/** What an element and its successor share. */
const nameOf = (element) => element.getAttribute('href') ?? element.closest('[id]')?.id

const findNamed = (top, name) =>
  [...top.querySelectorAll('[href], summary')].find((element) => nameOf(element) === name)

function offerCopy(button) {
  button.hidden = false
  button.addEventListener('click', async () => {
    const field = document.getElementById(button.dataset.copy)
    field.select()
    try {
      await navigator.clipboard.writeText(field.value)
    } catch {
      document.execCommand('copy')
    }
    button.textContent = 'Copied'
    setTimeout(() => {
      button.textContent = 'Copy'
    }, 2000)
  })
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
