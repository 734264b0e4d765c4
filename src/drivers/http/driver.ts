import type { Connection, Driver, DriverTools, Outgoing, Readiness } from '../../domain/driver.ts'
import { Failure, reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Session } from '../../domain/session.ts'
import { compileTemplate, render as renderTemplate } from '../../payload/template.ts'
import { isTimeout } from '../../wait.ts'
import { logUnstored } from '../accepted.ts'
import { listSkills, noSkill, skillPlace, withSkill } from '../agents/skills.ts'
import type { DriverDeps } from '../deps.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { isAccepted, outcomeOf, outcomeOfCutOff } from './outcome.ts'
import { type HttpRequest, probe, request } from './request.ts'
import { type HttpSettings, isHeaderText, prepareHttp } from './settings.ts'

/**
 * Any agent with an endpoint: one request a message, the response is its answer. The delivery's id goes along as
 * `Idempotency-Key`, because a request that was cut off is made again.
 */
export const httpDriver = (deps: DriverDeps): Driver => ({
  kind: 'http',
  summary: "sends an HTTP request for each message to an agent's own endpoint",
  delivery: 'push',
  silent: true,
  prepare: async (settings) => {
    const prepared = prepareHttp(settings)
    checkBody(prepared)
    return { ...prepared }
  },
  connect: (session, tools) => connect(deps, session, tools),
})

/** Refuses at registration a template that does not parse, or makes no JSON where the content type is JSON. */
function checkBody(settings: HttpSettings): void {
  try {
    const body = bodyFor(settings, { message: 'a "b"\n', deliveryId: 'whd_x', session: 'x' })
    if (isJson(settings)) JSON.parse(body)
  } catch (thrown) {
    throw new Failure('usage', `The http driver needs body as a template of JSON: ${reasonOf(thrown)}`)
  }
}

interface Opening {
  readonly deps: DriverDeps
  readonly session: Session
  readonly tools: DriverTools
  readonly settings: HttpSettings
  readonly ending: AbortController
  running: boolean
}

function connect(deps: DriverDeps, session: Session, tools: DriverTools): Connection {
  const settings = prepareHttp(session.settings)
  const ending = new AbortController()
  const opening: Opening = { deps, session, tools, settings, ending, running: false }
  return {
    state: (signal) => readiness(opening, signal),
    inject: (message, signal) => oneAtATime(opening, waitsForAnswer, () => send(opening, message, signal)),
    turn: (message, signal, on) =>
      oneAtATime(opening, waitsForAnswer, () => send(opening, message, signal, on.accepted)),
    skills: () => listSkills(skillPlace(deps, undefined)),
    recall: async () => undefined,
    end: async () => opening.ending.abort(),
    close: async () => {},
  }
}

const waitsForAnswer = 'a request waits for its answer'

async function readiness({ ending, running, settings }: Opening, signal: AbortSignal): Promise<Readiness> {
  if (ending.signal.aborted) return { kind: 'ended' }
  if (running) return { kind: 'busy', why: waitsForAnswer }
  const why = await probe(settings.url, signal)
  return why === undefined ? { kind: 'idle' } : { kind: 'offline', why }
}

async function send(
  opening: Opening,
  message: Outgoing,
  signal: AbortSignal,
  accepted?: () => Promise<void>,
): Promise<Outcome> {
  const { settings } = opening
  const text = await textFor(opening, message)
  if (text === undefined) return noSkill(message.skill)
  const headers = headersFor(opening, message)
  if (typeof headers === 'string') return { kind: 'offline', why: headers }
  if (signal.aborted) return { kind: 'released', why: 'let go before anything was sent' }
  const wanted = { ...requestFor(opening, message, text), headers }
  let taken: Promise<void> | undefined
  const cut = cutBy(opening, signal)
  const response = await request(wanted, cut, ({ status }) => {
    if (isAccepted(settings, status)) taken = accepted?.() ?? Promise.resolve()
  })
  await logUnstored(taken, opening)
  const turn = accepted !== undefined
  if (opening.ending.signal.aborted && response.kind === 'cut') return { kind: 'ended' }
  if (response.kind === 'away') return { kind: 'offline', why: response.why }
  if (response.kind === 'answered') return outcomeOf(response, settings, turn, Date.now())
  return outcomeOfCutOff({ turn, taken: taken !== undefined, timedOut: isTimeout(cut) }, response)
}

/** The agent is elsewhere: a skill is its text before the message. */
const textFor = async ({ deps }: Opening, { skill, text }: Outgoing): Promise<string | undefined> =>
  skill === undefined ? text : withSkill(skillPlace(deps, undefined), skill, text)

const cutBy = ({ settings, ending }: Opening, signal: AbortSignal): AbortSignal =>
  AbortSignal.any([signal, ending.signal, AbortSignal.timeout(settings.timeoutMs)])

/** A string says which header has no value in the server's environment: the message waits until it has one. */
function headersFor({ deps, settings }: Opening, { deliveryId }: Outgoing): Record<string, string> | string {
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'idempotency-key': deliveryId,
    'user-agent': 'postern',
  }
  for (const [name, value] of Object.entries(settings.headers)) {
    const text = typeof value === 'string' ? value : deps.env[value.env]
    if (text === undefined && typeof value === 'object')
      return `the server's environment has no ${value.env} for its header "${name}"`
    if (!isHeaderText(text)) return `what the environment has for its header "${name}" cannot be sent`
    headers[name] = text
  }
  return headers
}

function requestFor(
  { settings, session }: Opening,
  { deliveryId }: Outgoing,
  message: string,
): Omit<HttpRequest, 'headers'> {
  const { url, method } = settings
  return { url, method, body: bodyFor(settings, { message, deliveryId, session: session.id }) }
}

interface BodyView {
  readonly message: string
  readonly deliveryId: string
  readonly session: string
}

function bodyFor(settings: HttpSettings, view: BodyView): string {
  if (settings.body === undefined) return JSON.stringify(view)
  const escaped = isJson(settings)
    ? Object.entries(view).map(([name, text]) => [name, inJson(text)])
    : undefined
  return render(settings.body, escaped ? Object.fromEntries(escaped) : { ...view })
}

function render(template: string, view: Readonly<Record<string, string>>): string {
  const rendered = renderTemplate(compileTemplate(template), view)
  if (rendered.kind === 'text') return rendered.text
  throw new Failure('unprocessable', rendered.why)
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

function isJson({ headers }: HttpSettings): boolean {
  const type = headers['content-type']
  return type === undefined || (typeof type === 'string' && /^[^;]*[/+]json\b/i.test(type))
}
