// The step of action.yml: one knock, tried again while that can help, under one idempotency key. Needs Node 20, no packages.
import { createHash, randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const longestPauseMs = 120_000
const longestWaitSeconds = 3600

/** Statuses after which trying again is of no use, in words for whoever reads the log of the job. */
const final = {
  401: 'This is no capability URL. Mint one: postern expose --session ID',
  403: 'The URL opens nothing: it was mistyped, or it expired, or was revoked, paused or used up. Mint another (postern expose) and put it into the secret.',
  404: 'The session of this URL is gone. Open it again under its id, or mint a URL of another (postern session ls).',
  409: 'The idempotency key was used for another message before. Leave idempotency-key out, or give each message its own.',
  410: 'The session of this URL has ended. Start it again under its id (postern session ls).',
}

try {
  await main(process.env)
} catch (error) {
  command('error', error.message)
  process.exitCode = 1
}

async function main(env) {
  mask(env.POSTERN_URL ?? '')
  const request = requestOf(env)
  const { status, answer, requestId } = await answered(
    request,
    count('attempts', env.POSTERN_ATTEMPTS || '6', 100),
  )
  if (status !== 200 && status !== 202) throw new Error(refusal(status, answer, requestId))
  const { deliveryId, status: outcome, response, reason } = answer
  output(env.GITHUB_OUTPUT, { deliveryId, status: outcome, response })
  console.log(`${outcome}: ${deliveryId}${reason ? ` (${reason})` : ''}`.replace(/[\r\n]+/g, ' '))
}

/** The log hides what is masked, the token by itself, too. */
function mask(url) {
  for (const secret of [url, url.slice(url.lastIndexOf('/') + 1)])
    if (secret.length > 8) command('add-mask', secret)
}

function requestOf(env) {
  const url = urlOf(env.POSTERN_URL)
  const message = env.POSTERN_MESSAGE ?? ''
  if (message.trim() === '') throw new Error('message is empty.')
  const wait = env.POSTERN_WAIT ? count('wait', env.POSTERN_WAIT, longestWaitSeconds) : undefined
  const from = env.POSTERN_FROM || undefined
  const body = JSON.stringify({ message, from, idempotency_key: env.POSTERN_KEY || keyOf(env, message) })
  const headers = {
    'Content-Type': 'application/json',
    ...(wait !== undefined && { Prefer: `wait=${wait}` }),
  }
  return { url, headers, body, timeoutMs: ((wait ?? 10) + 30) * 1000 }
}

function urlOf(text) {
  if (!text?.trim())
    throw new Error('url is empty. Is the secret there? Runs that a fork started get no secrets.')
  const url = text.trim()
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new Error('url is not a URL that begins with https://')
  return url
}

function count(name, text, most) {
  if (!/^\d+$/.test(text) || Number(text) > most)
    throw new Error(`${name} must be a whole number up to ${most}.`)
  return Number(text)
}

/** The same for every try of one step, another for each other step, job of a matrix, attempt and run. */
function keyOf({ GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT, GITHUB_JOB, POSTERN_STEP }, message) {
  const place = [
    GITHUB_REPOSITORY,
    GITHUB_RUN_ID ?? randomUUID(),
    GITHUB_RUN_ATTEMPT,
    GITHUB_JOB,
    POSTERN_STEP,
  ]
  const digest = createHash('sha256')
    .update([...place, message].join('\n'))
    .digest('hex')
  return `github-${GITHUB_RUN_ID ?? 'none'}-${GITHUB_RUN_ATTEMPT ?? 1}-${digest.slice(0, 32)}`
}

async function answered(request, attempts) {
  for (let attempt = 1; ; attempt++) {
    const got = await tried(request)
    const mayPass = got.failure !== undefined || got.status === 429 || got.status >= 500
    if (!mayPass) return got
    const what = got.failure ?? `the server answered ${got.status}`
    if (attempt >= Math.max(attempts, 1)) throw new Error(`Given up after ${attempt} attempts: ${what}.`)
    const pauseMs = got.retryMs ?? Math.min(30_000, 1000 * 2 ** (attempt - 1))
    if (pauseMs > longestPauseMs)
      throw new Error(`Given up: ${what}, and asks to be left alone for ${Math.ceil(pauseMs / 1000)} s.`)
    console.log(`Attempt ${attempt}: ${what}. Again in ${pauseMs / 1000} s.`)
    await pause(pauseMs)
  }
}

async function tried({ url, headers, body, timeoutMs }) {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
    const text = await response.text()
    return {
      status: response.status,
      answer: parsed(text),
      requestId: response.headers.get('x-request-id'),
      retryMs: retryMs(response.headers.get('retry-after')),
    }
  } catch (error) {
    // What `fetch` throws may name the URL; its cause has a code.
    return { failure: `the server could not be reached (${error.cause?.code ?? error.name})` }
  }
}

/** Seconds or a date, as RFC 9110 has it. */
function retryMs(text) {
  if (text === null) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

function refusal(status, { detail }, requestId) {
  if (status >= 300 && status < 400)
    return `The server answered ${status}: url leads elsewhere. Give the address it leads to.`
  const said = final[status] ?? `The server refused it: ${detail ?? 'no reason given'}`
  return `${status}. ${said}${requestId ? ` Request id: ${requestId}` : ''}`
}

/** The answer may hold anything, so it stands between marks that it cannot contain. */
function output(file, values) {
  if (!file) return
  for (const [name, value] of Object.entries(values)) {
    const mark = `end-${randomUUID()}`
    const text =
      value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
    appendFileSync(file, `${name}<<${mark}\n${text}\n${mark}\n`)
  }
}

function command(name, text) {
  console.log(`::${name}::${text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')}`)
}
