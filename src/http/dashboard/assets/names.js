// The names in a payload's tree: a click, or the keys, show what a template and a filter call them. A tree is one stop of Tab;
// the arrows go through it, right and left open and close, Enter goes on to the buttons that copy.

const steps = { ArrowDown: 1, ArrowUp: -1, Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY }
/** What the keys stop at: the line that opens and closes, else the name. */
const stops = '.tree .stop'

makeReachable()
document.addEventListener('swapped', makeReachable)
document.addEventListener('click', ({ target }) => target.matches?.('.tree .key') && show(target))
document.addEventListener('focusin', ({ target }) => target.matches?.(stops) && settle(target))
document.addEventListener('keydown', onKey)

function makeReachable() {
  for (const tree of document.querySelectorAll('.tree:not([data-reachable])')) {
    tree.dataset.reachable = ''
    tree.tabIndex = -1
    for (const summary of tree.querySelectorAll('summary')) summary.tabIndex = -1
    for (const key of tree.querySelectorAll('.key')) {
      const stop = key.closest('summary') ?? key
      stop.classList.add('stop')
      stop.tabIndex = -1
      if (stop === key) key.setAttribute('role', 'button')
    }
    const first = tree.querySelector('.stop')
    if (first) first.tabIndex = 0
  }
}

/** The one that Tab comes back to. */
function settle(stop) {
  for (const other of stop.closest('.tree').querySelectorAll('[tabindex="0"]')) other.tabIndex = -1
  stop.tabIndex = 0
  show(stop.querySelector('.key') ?? stop)
}

function show({ dataset }) {
  const path = document.getElementById('path')
  if (!path) return
  path.hidden = false
  put('path-name', dataset.name)
  put('path-pointer', dataset.pointer)
}

/** What there is nothing to copy of is not offered. */
function put(id, text = '') {
  const part = document.getElementById(id)
  part.textContent = text
  for (const shown of [part, document.querySelector(`[data-copy="${id}"]`)]) shown.hidden = text === ''
}

function onKey(event) {
  const { key, target, ctrlKey, metaKey, altKey } = event
  if (!target.matches?.(stops) || ctrlKey || metaKey || altKey) return
  if (key in steps) move(target, steps[key])
  else if (key === 'ArrowRight' || key === 'ArrowLeft') unfold(target, key === 'ArrowRight')
  else if (key === 'Enter' || key === ' ') document.querySelector('#path button:not([hidden])')?.focus()
  else return
  event.preventDefault()
}

function move(from, by) {
  const all = [...from.closest('.tree').querySelectorAll('.stop')].filter((stop) => stop.checkVisibility())
  const at = Math.min(all.length - 1, Math.max(0, all.indexOf(from) + by))
  all[at]?.focus()
}

/** Its own members or the rest of its text; what is closed already leads to the name above. */
function unfold(stop, open) {
  const own = stop.matches('summary')
    ? stop.parentElement
    : stop.parentElement.querySelector(':scope > details')
  if (own && own.open !== open) own.open = open
  else if (open) move(stop, 1)
  else stop.closest('ul').closest('details')?.querySelector(':scope > summary')?.focus()
}
