// System, light or dark: a button that goes round at the foot of every page, a choice of three in the settings.

const root = document.documentElement
const next = { system: 'light', light: 'dark', dark: 'system' }
const round = document.querySelector('[data-theme-switch]')
const choices = [...document.querySelectorAll('[data-theme-choice]')]

if (round) round.hidden = false
for (const part of document.querySelectorAll('[data-themes]')) part.hidden = false
for (const part of document.querySelectorAll('[data-themes-bare]')) part.hidden = true
round?.addEventListener('click', () => choose(next[now()]))
for (const button of choices) button.addEventListener('click', () => choose(button.dataset.themeChoice))
show()

function now() {
  return root.dataset.theme ?? 'system'
}

/** Kept by this browser; `theme.js` reads it before anything is drawn. */
function choose(theme) {
  if (theme === 'system') delete root.dataset.theme
  else root.dataset.theme = theme
  localStorage.setItem('theme', theme)
  show()
}

function show() {
  if (round) round.textContent = `Theme: ${now()}`
  for (const button of choices)
    button.setAttribute('aria-pressed', String(button.dataset.themeChoice === now()))
}
