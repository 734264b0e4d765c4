// The screen of a session as it changes: an event has the lines that are others, drawn by the server.

const glass = document.getElementById('glass')
const screen = document.getElementById('screen')
const note = document.getElementById('screen-note')
const size = document.getElementById('screen-size')
const typing = document.getElementById('screen-typing')
const cursor = document.createElement('span')
const againMs = 5000
const markMs = 1000
let source
let timer
let untyped
let changedAt
/** Why nothing is shown now. */
let trouble

cursor.className = 'cursor'
cursor.hidden = true
for (const line of screen.querySelectorAll('.line')) paint(line)
document.addEventListener('visibilitychange', listen)
addEventListener('pagehide', close)
addEventListener('pageshow', ({ persisted }) => persisted && listen())
setInterval(showNote, 1000)
listen()

/** A hidden page does not look. */
function listen() {
  close()
  if (document.hidden) return
  source = new EventSource(glass.dataset.screen)
  source.addEventListener('screen', ({ data }) => draw(JSON.parse(data)))
  source.addEventListener('over', ({ data }) => lookAgain(JSON.parse(data)))
  source.addEventListener('error', ({ target }) => {
    if (target.readyState === EventSource.CLOSED) lookAgain('it cannot be seen now')
    else say('connecting')
  })
}

function close() {
  clearTimeout(timer)
  source?.close()
  source = undefined
}

/** The same name may be opened anew. */
function lookAgain(why) {
  close()
  say(why)
  timer = setTimeout(listen, againMs)
}

function draw(change) {
  trouble = undefined
  glass.dataset.live = 'yes'
  changedAt = change.changedAt
  if (change.whole) screen.replaceChildren()
  fit(change)
  for (const [row, html] of Object.entries(change.lines)) {
    const line = screen.children[row]
    line.innerHTML = html
    paint(line)
    if (change.typing && !change.whole) mark(line)
  }
  place(change.cursor)
  if (change.typing) showTyping()
  showNote()
}

/** As many lines as the terminal has. */
function fit({ columns, rows }) {
  cursor.remove()
  while (screen.children.length > rows) screen.lastElementChild.remove()
  while (screen.children.length < rows) {
    const line = document.createElement('span')
    line.className = 'line'
    screen.append(line)
  }
  screen.append(cursor)
  screen.style.setProperty('--columns', columns)
  size.textContent = `${columns} × ${rows}, read-only`
}

/** Colours of the 16 million, which no class has. */
function paint(line) {
  for (const part of line.querySelectorAll('[data-f]')) part.style.color = part.dataset.f
  for (const part of line.querySelectorAll('[data-b]')) part.style.backgroundColor = part.dataset.b
}

function place(at) {
  cursor.hidden = !at
  if (!at) return
  cursor.style.setProperty('--column', at.column)
  cursor.style.setProperty('--row', at.row)
}

/** What Postern types is marked for a second. */
function mark(line) {
  line.classList.remove('typed')
  void line.offsetWidth
  line.classList.add('typed')
  setTimeout(() => line.classList.remove('typed'), markMs)
}

function showTyping() {
  typing.hidden = false
  clearTimeout(untyped)
  untyped = setTimeout(() => {
    typing.hidden = true
  }, markMs)
}

function say(why) {
  trouble = why
  glass.dataset.live = 'no'
  showNote()
}

function showNote() {
  if (trouble !== undefined) note.textContent = trouble
  else if (changedAt !== undefined) note.textContent = `last changed ${ago(Date.now() - changedAt)}`
}

function ago(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 1) return 'now'
  if (seconds < 60) return `${seconds}s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h ago` : `${Math.floor(seconds / 86_400)}d ago`
}
