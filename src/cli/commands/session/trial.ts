import { type Trial, whyOf } from '../../../manage/trial.ts'
import type { Call } from '../../command.ts'

/** Reports a `--check` that failed. Returns the exit code. */
export function printUnfit({ out, json, args }: Call, trial: Trial): number {
  if (json) out.json({ id: args.need('id'), registered: false, check: trialView(trial) })
  out.note(`It does not work, so nothing was registered. ${trialText(trial)}`)
  return 1
}

/** The trial for --json. */
export const trialView = ({ works, readiness, skills }: Trial) => ({
  works,
  state: readiness.kind,
  why: whyOf(readiness) ?? null,
  skills: skills ?? null,
})

/** The trial in sentences. */
export function trialText({ works, readiness, skills }: Trial): string {
  const why = whyOf(readiness)
  const state = `It is ${readiness.kind}${why === undefined ? '' : `: ${why}`}.`
  if (!works) return state
  const known = skills === undefined ? 'unknown' : skills.join(', ') || 'none'
  return `${state} Skills: ${known}.`
}
