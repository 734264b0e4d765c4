// The bundle before this script brought SwaggerUIBundle. Nothing is asked of any other server.

/** Credentials stay in this tab, and go with it. */
const storageKey = 'explorer.credentials'
/** Of who is logged in to the dashboard; it ends with the login, and is kept nowhere. */
const loginToken = document.querySelector('meta[name="admin"]')?.content

/** What addresses here have before those of the document: a proxy may show the server below a path. */
const root = new URL('../..', document.currentScript.src).pathname.slice(0, -1)

followColours()
const ui = window.SwaggerUIBundle({
  url: `${root}/docs/json`,
  dom_id: '#explorer',
  deepLinking: true,
  validatorUrl: null,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  requestSnippetsEnabled: true,
  plugins: [plainTitles, keepCredentials],
  requestInterceptor: signIfAsked,
  onComplete: () => {
    keepUsable()
    takeCredentials()
  },
})

/** What a tab was authorized with before it was loaded anew; who is logged in acts as the admin unless they say otherwise. */
function takeCredentials() {
  const kept = JSON.parse(sessionStorage.getItem(storageKey) ?? '{}')
  const known = ui.specSelectors.securityDefinitions()?.toJS() ?? {}
  const authorized = Object.fromEntries(Object.entries(kept).filter(([name]) => name in known))
  if (loginToken && !authorized.adminToken)
    authorized.adminToken = { name: 'adminToken', schema: known.adminToken, value: loginToken }
  if (Object.keys(authorized).length > 0) ui.authActions.restoreAuthorization({ authorized })
}

function keepCredentials() {
  const keep =
    (act, { authSelectors }) =>
    (payload) => {
      const result = act(payload)
      const { adminToken, ...others } = authSelectors.authorized().toJS()
      const kept = { ...others, ...(adminToken && adminToken.value !== loginToken && { adminToken }) }
      sessionStorage.setItem(storageKey, JSON.stringify(kept))
      return result
    }
  return { statePlugins: { auth: { wrapActions: { authorize: keep, logout: keep } } } }
}

/**
 * A request to a hook whose own credential is not given goes to the route that signs it for the admin: what is shown is the
 * request as it was sent, and what the hook's door answered.
 */
function signIfAsked(request) {
  if (request.loadSpec) return request
  const { pathname } = new URL(request.url, location.href)
  const operation = ui.specSelectors
    .specJson()
    .getIn(['paths', pathname.slice(root.length), 'post'])
    ?.toJS()
  const authorized = ui.authSelectors.authorized().toJS()
  const admin = authorized.adminToken?.value
  const isShown = operation?.security.some((one) => Object.keys(one).some((name) => name in authorized))
  if (!operation?.['x-signed-by'] || !admin || isShown) return request
  const { accept, Accept, authorization, Authorization, ...headers } = request.headers
  const body = JSON.stringify({ payload: String(request.body ?? ''), headers })
  return {
    ...request,
    ...{
      url: new URL(root + operation['x-signed-by'], location.href).href,
      body,
      responseInterceptor: answerOfDoor,
    },
    headers: { 'content-type': 'application/json', authorization: `Bearer ${admin}` },
  }
}

/** What the door answered, in place of the answer that tells of it. */
function answerOfDoor(response) {
  if (response.status !== 200) return response
  const { status, answer } = JSON.parse(response.text)
  const isText = typeof answer === 'string'
  const text = isText ? answer : JSON.stringify(answer)
  const headers = { 'content-type': isText ? 'text/plain' : 'application/json' }
  return {
    ...{ ...response, status, statusText: '', ok: status < 400 },
    ...{ headers, text, data: text, body: answer, obj: answer },
  }
}

/** The library has a dark theme; the choice made in the dashboard decides when to use it, else the system's setting. */
function followColours() {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const { theme } = document.documentElement.dataset
  const show = () =>
    document.documentElement.classList.toggle(
      'dark-mode',
      theme === undefined ? dark.matches : theme === 'dark',
    )
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
