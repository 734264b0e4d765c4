import { sameText } from '../../auth/secrets.ts'
import { Failure } from '../../domain/error.ts'
import { readForm } from '../form.ts'
import { publicPath } from '../public-path.ts'
import { type Login, type Logins, loginMs } from './logins.ts'

/** Who may see and do what in the dashboard. Its cookie opens nothing else, and nothing else opens it. */
export interface LoginGuard {
  /** The login of the request's cookie, if there is one. */
  login(request: Request): Login | undefined
  /** Whether the cookie is one of a login that is over. */
  isOver(request: Request): boolean
  /** Throws `unauthorized`. */
  require(request: Request): Login
  /**
   * The fields of a form that one of our own pages sent. Throws `origin_not_allowed`, `unsupported_media_type`,
   * `malformed` or `too_large`.
   */
  form(request: Request): Promise<URLSearchParams>
  /** As `form`, of a login: the form must carry the secret that only the pages of that login know. */
  adminForm(request: Request): Promise<URLSearchParams>
  /** Opens a login; the `Set-Cookie` to answer with. */
  enter(request: Request): string
  /** Ends the login; the `Set-Cookie` to answer with. */
  leave(request: Request): string
  /** Keeps what JSON can say for the next pages of the login, in place of what was kept under that name before. */
  leaveNote(request: Request, name: string, note: unknown): Promise<void>
  findNote(request: Request, name: string): Promise<unknown>
  /** As `findNote`, once. */
  takeNote(request: Request, name: string): Promise<unknown>
}

interface LoginGuardDeps {
  readonly logins: Logins
  readonly publicUrl: () => string | undefined
  /** IP address of who asks. */
  readonly peer: (request: Request) => string
}

const cookieName = 'postern_dashboard'
const maxFormBytes = 1_048_576

export function createLoginGuard({ logins, publicUrl, peer }: LoginGuardDeps): LoginGuard {
  const login = (request: Request) => {
    const secret = secretIn(request)
    if (secret === '') return undefined
    return logins.find(secret, { from: peer(request), browser: request.headers.get('user-agent') ?? '' })
  }
  const require = (request: Request) => {
    const found = login(request)
    if (found) return found
    throw new Failure('unauthorized', 'You are not logged in, or not any more. Log in and try again.')
  }
  const form = async (request: Request) => {
    requireOwnPage(request, publicUrl())
    return readForm(request, maxFormBytes)
  }
  /** RFC 6265bis section 4.1. Below a path the rest of the site belongs to others: they do not get it. */
  const cookie = (request: Request, secret: string, maxAgeSeconds: number) => {
    const path = publicPath(publicUrl(), request) || '/'
    const secure = isSecure(request, publicUrl()) ? '; Secure' : ''
    return `${cookieName}=${secret}; Path=${path}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`
  }
  return {
    login,
    isOver: (request) => secretIn(request) !== '' && !login(request),
    require,
    form,
    adminForm: async (request) => {
      const { csrf } = require(request)
      const fields = await form(request)
      if (sameText(fields.get('csrf') ?? '', csrf)) return fields
      throw new Failure('origin_not_allowed', 'This form is out of date. Open the page again.')
    },
    enter: (request) => cookie(request, logins.open().secret, loginMs / 1000),
    leave: (request) => {
      logins.close(secretIn(request))
      return cookie(request, '', 0)
    },
    leaveNote: (request, name, note) => logins.leaveNote(secretIn(request), name, JSON.stringify(note)),
    findNote: async (request, name) => noteOf(await logins.findNote(secretIn(request), name)),
    takeNote: async (request, name) => noteOf(await logins.takeNote(secretIn(request), name)),
  }
}

const noteOf = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text))

function secretIn(request: Request): string {
  const cookies = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim())
  const ours = cookies.find((pair) => pair.startsWith(`${cookieName}=`))
  return ours?.slice(cookieName.length + 1) ?? ''
}

/** Over TLS, our own or that of the proxy whose name was asked for. */
function isSecure(request: Request, publicUrl: string | undefined): boolean {
  if (request.url.startsWith('https:')) return true
  return publicUrl?.startsWith('https:') === true && hostOf(publicUrl) === hostAsked(request)
}

/** Browsers name the page's origin with every form they post: this very address, port included, or the public one. */
function requireOwnPage(request: Request, publicUrl: string | undefined): void {
  const from = hostOf(request.headers.get('origin') ?? '')
  const site = request.headers.get('sec-fetch-site') ?? 'same-origin'
  const isOurs = from !== undefined && (from === hostAsked(request) || from === hostOf(publicUrl ?? ''))
  if (site === 'same-origin' && isOurs) return
  throw new Failure('origin_not_allowed', 'Forms are taken only from the pages of this dashboard.')
}

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host : undefined)

const hostAsked = (request: Request): string | undefined => request.headers.get('host')?.toLowerCase()
