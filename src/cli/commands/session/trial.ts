import { type Trial, whyOf } from '../../../manage/trial.ts'
import type { Call } from '../../command.ts'

/** What `--check` found when it did not work. The exit code. */
export function printUnfit({ out, json, args }: Call, trial: Trial): number {
  if (json) out.json({ id: args.need('id'), registered: false, check: trialView(trial) })
  out.note(`It does not work, so nothing was registered. ${trialText(trial)}`)
  return 1
}

/** As programs see it. */
export const trialView = ({ works, readiness, skills }: Trial) => ({
  works,
  state: readiness.kind,
  why: whyOf(readiness) ?? null,
  skills: skills ?? null,
})

/** As people read it. */
export function trialText({ works, readiness, skills }: Trial): string {
  const why = whyOf(readiness)
  const state = `It is ${readiness.kind}${why === undefined ? '' : `: ${why}`}.`
  if (!works) return state
  const known = skills === undefined ? 'unknown' : skills.join(', ') || 'none'
  return `${state} Skills: ${known}.`
}
