import { Elysia } from 'elysia'
import { reasonOf } from '../../../domain/error.ts'
import type { HookOrder, SentToHook } from '../../../inbound/send-signed.ts'
import { baseOf, type FinderDeps } from '../find-page.ts'
import { type AnswerForm, linesOf, posted } from '../forms.ts'
import { addressOfHook } from '../hooks.ts'
import type { LoginGuard } from '../login-guard.ts'
import { redirect, safeNext } from '../login-routes.ts'
import type { Login } from '../logins.ts'
import type { Page } from '../page.ts'
import { type Answered, keepTest, notSent, resultOf } from './answered.ts'
import { openBench, sampleToSend, type Trial } from './bench.ts'
import { type HookQuery, hookCalled, hookPage } from './page.ts'
import { presetTemplate } from './texts.ts'

export interface HookFormDeps extends FinderDeps {
  readonly sendToHook: (name: string, order: HookOrder) => Promise<SentToHook>
  readonly pause: (target: string) => Promise<unknown>
  readonly resume: (target: string) => Promise<unknown>
  readonly guard: LoginGuard
}

/** The forms of the hooks' pages. `show` draws a page with what stands in it at once. */
export function hookForms(
  deps: HookFormDeps,
  post: AnswerForm,
  show: (page: Page, login: Login) => Promise<Response>,
) {
  type Asked = { readonly request: Request; readonly params: { readonly name: string } }
  const hold =
    (act: (target: string) => Promise<unknown>) =>
    ({ request, params: { name } }: Asked) =>
      post(request, async (form) => {
        await act(`hook:${name}`)
        return redirect(safeNext(form.get('next')))
      })
  return new Elysia({ prefix: '/hooks/:name' })
    .post(
      '',
      ({ request, params: { name } }) =>
        post(request, async (form, login) => {
          const asked = await tried(deps, name, form)
          const base = baseOf(deps, new URL(request.url))
          return show(await hookPage(deps, name, { ...asked, base, nonce: deps.nonce() }), login)
        }),
      posted,
    )
    .post(
      '/send',
      ({ request, params: { name } }) =>
        post(request, async (form) => {
          const test = await sendTest(deps, name, trialOf(form))
          await keepTest(deps.guard, request, test)
          return redirect(`${addressOfHook(name)}?sent=${test.sent}#sent`)
        }),
      posted,
    )
    .post('/pause', hold(deps.pause), posted)
    .post('/resume', hold(deps.resume), posted)
}

/** What the form says. Of the payload it has none where that cannot be edited. */
function trialOf(form: URLSearchParams): Trial {
  const given = (name: string) => form.get(name) ?? undefined
  const template = given('template')
  return {
    ...{ from: given('from'), payload: given('payload'), headers: given('headers') },
    ...(template !== undefined && { template: linesOf(template) }),
  }
}

/** After what its button does: another payload, or another template to start from. */
async function tried(
  deps: HookFormDeps,
  name: string,
  form: URLSearchParams,
): Promise<Pick<HookQuery, 'trial' | 'problem'>> {
  const trial = trialOf(form)
  const { template, ...request } = trial
  const act = form.get('act')
  if (act === 'load') return { trial: { from: request.from, template } }
  if (act === 'configured') return { trial: request }
  if (act !== 'preset') return { trial }
  const hook = hookCalled(deps, name)
  try {
    const bench = await openBench(deps, hook, request, undefined)
    return { trial: { ...request, template: await presetTemplate(hook, bench) } }
  } catch (thrown) {
    return { trial, problem: reasonOf(thrown) }
  }
}

async function sendTest(deps: HookFormDeps, name: string, trial: Trial): Promise<Answered> {
  const hook = hookCalled(deps, name)
  try {
    const sample = sampleToSend(await openBench(deps, hook, trial, undefined))
    const sent = await deps.sendToHook(name, sample)
    return { hook: name, trial, sent: sent.deliveryId ?? 'nothing', ...(await resultOf(sent, deps.refusals)) }
  } catch (thrown) {
    return { hook: name, trial, sent: 'nothing', ...notSent(thrown) }
  }
}
