import { reasonOf } from '../domain/error.ts'
import type { Condition } from '../domain/hook.ts'
import { builtInHooks, type Hook, hookRoot } from '../domain/hook.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { compileFilter } from '../payload/filter.ts'
import { flawOfPlace } from '../payload/nested.ts'
import { compileTemplate } from '../payload/template.ts'
import { defaultTolerance } from '../providers/hmac.ts'
import { ownBodyBytes, schemeOf } from '../providers/index.ts'
import { mostHookBytes } from './defaults.ts'
import { type Complain, type ConfigPath, pathText } from './problem.ts'
import { checkRespond } from './respond.ts'
import { buildVerify, type HookContext, type WrittenHook } from './verify.ts'

/** Custom hooks with their defaults; complains of names, paths, templates and secrets that do not work. */
export async function buildHooks(
  written: readonly (readonly [key: string, hook: WrittenHook])[],
  context: HookContext,
): Promise<readonly Hook[]> {
  const hooks = await Promise.all(
    written.map(async ([key, hook]) => ({ key, hook: await buildHook(key, hook, context) })),
  )
  checkApart(hooks, context.deps.complain)
  return hooks.map(({ hook }) => hook)
}

async function buildHook(key: string, written: WrittenHook, context: HookContext): Promise<Hook> {
  const at = ['webhooks', 'hooks', key]
  const { name = key, messageTemplate, filter, maxBodyBytes, verify: _, secret: __, ...rest } = written
  const path = (written.path ?? hookRoot + name).replace(/\/+$/, '')
  checkNames(name, path, at, context.deps.complain)
  checkMessage(written, at, context.deps.complain)
  checkRespond(written.respond, [...at, 'respond'], context.deps.complain)
  const verify = await buildVerify(written, at, context)
  warnOfShortWindow(written, verify, at, context)
  const most = Math.max(context.hookBytes || mostHookBytes, ownBodyBytes(written.preset, verify.scheme))
  return {
    active: true,
    action: 'agent',
    fence: false,
    ...rest,
    name,
    path,
    ...(messageTemplate !== undefined && { template: messageTemplate }),
    ...(filter !== undefined && { filter: filter as Condition }),
    maxBodyBytes: maxBodyBytes ?? Math.min(most, mostHookBytes),
    verify,
  }
}

/** A signed request that was overheard is known as a repeat as long as its key counts. */
function warnOfShortWindow(
  { idempotencySeconds }: WrittenHook,
  verify: VerifyConfig,
  at: ConfigPath,
  { check }: HookContext,
): void {
  const freshSeconds = 2 * toleranceOf(verify)
  if (idempotencySeconds === undefined || idempotencySeconds >= freshSeconds) return
  const place = pathText([...at, 'idempotencySeconds'])
  check.warn(
    `${place} is shorter than the ${freshSeconds} s in which a signature may count: it could be used again.`,
  )
}

/** How many seconds the time of a signature may be off, either way; 0 where there is none. */
function toleranceOf({ scheme, timestampHeader, toleranceSeconds }: VerifyConfig): number {
  const usual = schemeOf(scheme)?.toleranceSeconds ?? (timestampHeader === undefined ? 0 : defaultTolerance)
  return usual === 0 ? 0 : (toleranceSeconds ?? usual)
}

function checkNames(name: string, path: string, at: ConfigPath, complain: Complain): void {
  const pathAt = [...at, 'path']
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    complain([...at, 'name'], 'must be 1 to 64 letters, digits, . _ - that start with a letter or digit')
  if (builtInHooks.includes(name.toLowerCase())) complain([...at, 'name'], 'is the name of a built-in hook')
  if (!path.startsWith(hookRoot)) complain(pathAt, `must be below ${hookRoot}`)
  else if (!/^(\/[A-Za-z0-9][A-Za-z0-9._~-]*)+$/.test(path))
    complain(pathAt, 'may hold letters, digits, . _ ~ - and single slashes only')
  if (builtInHooks.some((builtIn) => folded(path) === hookRoot + builtIn))
    complain(pathAt, 'is the path of a built-in hook')
  if (/^\/api\/hooks\/[^/]+\/(pause|resume|send|test)$/i.test(path))
    complain(pathAt, 'is where a hook is paused, resumed and tried')
}

/** Names and paths that differ in case alone count as the same. */
const folded = (path: string): string => path.toLowerCase()

function checkMessage(
  { preset, messageTemplate, filter, parse = [] }: WrittenHook,
  at: ConfigPath,
  complain: Complain,
): void {
  if (messageTemplate === undefined && preset === undefined)
    complain([...at, 'messageTemplate'], 'is missing, and no preset is named')
  const templateAt = [...at, 'messageTemplate']
  if (messageTemplate !== undefined) attempt(() => compileTemplate(messageTemplate), templateAt, complain)
  for (const [index, place] of parse.entries()) {
    const flaw = flawOfPlace(place)
    if (flaw !== undefined) complain([...at, 'parse', index], flaw)
  }
  if (filter !== undefined) attempt(() => compileFilter(filter as Condition), [...at, 'filter'], complain)
}

function attempt(act: () => unknown, at: ConfigPath, complain: Complain): void {
  try {
    act()
  } catch (thrown) {
    complain(at, reasonOf(thrown))
  }
}

function checkApart(
  hooks: readonly { readonly key: string; readonly hook: Hook }[],
  complain: Complain,
): void {
  const taken = new Map<string, string>()
  for (const { key, hook } of hooks)
    for (const [what, spelling] of [
      ['name', hook.name],
      ['path', hook.path],
    ] as const) {
      const claim = `${what} ${folded(spelling)}`
      const other = taken.get(claim)
      if (other !== undefined)
        complain(['webhooks', 'hooks', key, what], `is also that of the hook "${other}"`)
      taken.set(claim, key)
    }
}
