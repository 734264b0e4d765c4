// The bench of a hook: what is typed is previewed when the typing rests, another payload or template is put in place. Without this
// script the form's buttons do the same. Sending is a form of its own.

const bench = document.querySelector('form[data-bench]')
/** Answers may come in another order than the questions. */
let latest = 0
let timer
/** Each part as the server last sent it: other scripts have added to it since. */
const shown = new WeakMap()

for (const part of document.querySelectorAll('[data-previewed]')) shown.set(part, part.innerHTML)
if (bench) followBench()

function followBench() {
  for (const needless of bench.querySelectorAll('[data-needless]')) needless.hidden = true
  bench.addEventListener('input', ({ target }) => {
    clearTimeout(timer)
    if (!target.dataset.act) timer = setTimeout(() => tryOut(), 250)
  })
  bench.addEventListener('change', ({ target }) => target.dataset.act && tryOut(target.dataset.act))
  bench.addEventListener('submit', (event) => {
    const { submitter } = event
    if (submitter?.hasAttribute('formaction')) return
    event.preventDefault()
    tryOut(submitter?.value)
  })
  // A browser that comes back fills the fields as they were left.
  addEventListener('pageshow', () => isChanged() && tryOut())
}

const isChanged = () =>
  [...bench.querySelectorAll('textarea[name]')].some(({ value, defaultValue }) => value !== defaultValue)

async function tryOut(act = '') {
  clearTimeout(timer)
  const turn = ++latest
  const fields = new URLSearchParams(new FormData(bench))
  if (act !== '') fields.set('act', act)
  const response = await fetch(bench.getAttribute('action'), { method: 'POST', body: fields }).catch(
    () => undefined,
  )
  const fresh = response && new DOMParser().parseFromString(await response.text(), 'text/html')
  if (turn !== latest) return
  if (response?.redirected) return location.reload()
  if (!response?.ok) return complain(fresh)
  for (const part of bench.querySelectorAll('[data-previewed]')) replace(part, fresh)
  if (act === 'load') replace(document.getElementById('payload-part'), fresh)
  if (act === 'preset' || act === 'configured') putTemplate(fresh)
  document.dispatchEvent(new CustomEvent('swapped', { detail: fresh }))
}

/** What is the same stays: somebody may be in it. */
function replace(part, fresh) {
  const next = fresh.getElementById(part.id)
  if (!next || next.innerHTML === (shown.get(part) ?? part.innerHTML)) return
  const html = next.innerHTML
  const open = [...part.querySelectorAll('details[open] > summary > .key')].map(({ dataset }) => dataset.name)
  part.replaceChildren(...document.adoptNode(next).childNodes)
  shown.set(part, html)
  for (const key of part.querySelectorAll('details > summary > .key'))
    if (open.includes(key.dataset.name)) key.closest('details').open = true
}

function putTemplate(fresh) {
  const field = document.getElementById('template')
  field.value = fresh.getElementById('template').value
  field.focus()
}

function complain(fresh) {
  const part = document.getElementById('message-part')
  const text = fresh?.querySelector('main p')?.textContent ?? 'The server cannot be reached.'
  const notice = Object.assign(document.createElement('p'), { className: 'notice failed', textContent: text })
  part.replaceChildren(notice)
  shown.delete(part)
}
