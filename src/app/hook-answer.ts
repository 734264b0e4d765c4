import { spawn } from 'node:child_process'
import type { Io } from '../cli/context.ts'
import type { GivenAnswer } from '../domain/decision.ts'
import { answerCounted } from '../drivers/claude/waiting-call.ts'
import { openHome } from './home.ts'
import { type ProcessDeps, withStore } from './local-home.ts'

/** Starts a process that outlives this hook and closes the decision. False where it does not start. */
export async function leaveAnswer(
  program: readonly string[],
  home: string,
  answer: GivenAnswer,
): Promise<boolean> {
  const [command = '', ...args] = [...program, '__confirm', home]
  const child = spawn(command, args, {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const started = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false))
    child.stdin.once('error', () => resolve(false))
    child.stdin.end(JSON.stringify(answer), () => resolve(true))
  })
  child.unref()
  return started
}

/** An agent reads its hook's answer at once; one that notes nothing within this time is taken to have obeyed. */
const notedMs = 5000

/** That process. The agent reads the answer when the hook has ended, shortly after this has begun. */
export async function confirmAnswer(
  deps: ProcessDeps,
  io: Io,
  [root = '']: readonly string[],
): Promise<number> {
  const { decision, verdict, call } = JSON.parse(new TextDecoder().decode(await io.read('-'))) as GivenAnswer
  const counted = await answerCounted(call, verdict, AbortSignal.timeout(notedMs))
  const end =
    counted === false
      ? ({ how: 'elsewhere', why: 'it was answered at the agent in the same moment' } as const)
      : ({ how: 'applied' } as const)
  await withStore(deps, openHome(root), (store) => store.closeDecision(decision, end, deps.clock.now()))
  return 0
}
