import { plural } from '../../../domain/plural.ts'
import { runsAt, type Session } from '../../../domain/session.ts'
import { readinessOf, whyOf } from '../../../manage/trial.ts'
import type { LocalHome } from '../../context.ts'
import { waitingHooks } from '../waiting-hooks.ts'
import { bad, type Examination, type Finding, note, nothingYet, opened, orOk } from './findings.ts'
import { missingSkills } from './missing-skills.ts'
import { isServing } from './server.ts'

/** Whether the agent of each session is there, as far as it is on this machine, and whether anything takes what waits for it. */
export function checkSessions(call: Examination): Promise<readonly Finding[]> {
  return opened(call, nothingYet, async (home) => {
    const open = (await home.store.listSessions()).filter(({ state }) => state !== 'ended')
    const { queues } = await home.store.counts()
    const serves = await isServing(call)
    const findings = await Promise.all(
      open.map(async (session) => [
        ...(runsAt(session, home.host) ? await agentFindings(home, session) : []),
        ...(await queueLooks(home, session, queues.get(session.id) ?? 0, serves)),
      ]),
    )
    return orOk(findings.flat(), `${open.length} open`)
  })
}

async function agentFindings(home: LocalHome, session: Session): Promise<readonly Finding[]> {
  const { id, driver } = session
  const readiness = await readinessOf(home.connect, session)
  if (readiness === undefined)
    return [
      bad(`"${id}" has the driver "${driver}", which this build does not have`, `postern session end ${id}`),
    ]
  if (readiness.kind === 'ended' || readiness.kind === 'missing') {
    const why = whyOf(readiness) ?? 'its process is gone'
    return [
      {
        ...bad(
          `the agent of "${id}" is gone: ${why}`,
          `postern session end ${id}, then start its agent again`,
        ),
        about: 'session_ended',
      },
    ]
  }
  if (readiness.kind !== 'offline') return []
  return [
    {
      ...note(`"${id}" is offline: ${readiness.why}`, `bring its agent back, or: postern session end ${id}`),
      about: 'offline',
    },
  ]
}

async function queueLooks(
  home: LocalHome,
  { id, driver }: Session,
  waiting: number,
  serves: boolean,
): Promise<readonly Finding[]> {
  if (waiting === 0) return []
  const messages = `${plural(waiting, 'message')} ${waiting === 1 ? 'waits' : 'wait'}`
  if ((await home.drivers()).get(driver)?.delivery === 'pull')
    return [
      {
        ...note(
          `${messages} in the inbox "${id}" until ${waiting === 1 ? 'it is' : 'they are'} acknowledged`,
          `postern inbox --session ${id}, or give the name to an agent: postern session add ${id} --driver …`,
        ),
        about: 'inbox',
      },
    ]
  return serves ? [] : [bad(`${messages} for "${id}" and no server runs`, 'postern serve')]
}

/** Hooks whose messages will only wait. */
export async function checkHooks(call: Examination): Promise<readonly Finding[]> {
  const tools = await call.io.hooks(call.home)
  const [hooks, configured] = [await tools.targets(), await tools.list()]
  return opened(call, nothingYet, async (home) =>
    orOk(
      [...(await waitingHooks(home, hooks)), ...(await missingSkills(home, configured))],
      `${plural(hooks.filter(({ builtIn }) => !builtIn).length, 'hook')} configured`,
    ),
  )
}
