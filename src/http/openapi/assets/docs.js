// The bundle before this script brought SwaggerUIBundle. Nothing is asked of any other server.

followColours()
window.SwaggerUIBundle({
  url: '/docs/json',
  dom_id: '#explorer',
  deepLinking: true,
  validatorUrl: null,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  requestSnippetsEnabled: true,
  plugins: [plainTitles],
  onComplete: keepUsable,
})

/** The library has a dark theme; the system's setting decides when to use it. */
function followColours() {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const show = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
  dark.addEventListener('change', show)
  show()
}

/** Titles are buttons already: a link inside of one confuses keyboards and screen readers. */
function plainTitles({ React }) {
  return { components: { DeepLink: ({ text }) => React.createElement('span', null, text) } }
}

/** What the library draws without a name, or with one that is not what it shows. */
const names = [
  ['#servers', 'Server'],
  ['.close-modal', 'Close'],
  ['.auth-btn-wrapper .authorize', 'Authorize: apply credentials'],
  ['.body-param__text', 'Request body'],
  ['.parameters-col_description input, .parameters-col_description select', 'Value'],
]

const scrolling = 'pre:not([tabindex]), .table-container:not([tabindex])'

/** The page is mended again whenever the library has drawn. */
function keepUsable() {
  const explorer = document.getElementById('explorer')
  const mend = () => {
    for (const [selector, name] of names)
      for (const part of explorer.querySelectorAll(selector))
        part.setAttribute('aria-label', nameFor(part, name))
    // Coloured in place, too darkly for its ground.
    for (const number of explorer.querySelectorAll('.microlight span[style*="211, 99, 99"]'))
      number.style.color = '#ffa8a8'
    for (const area of explorer.querySelectorAll(scrolling)) area.setAttribute('tabindex', '0')
  }
  new MutationObserver(mend).observe(explorer, { childList: true, subtree: true })
  mend()
}

const nameFor = (field, name) => field.closest('tr')?.dataset.paramName ?? name
