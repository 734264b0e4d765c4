import { type Trial, trialView, unfitText } from '../../../manage/trial.ts'
import type { Call } from '../../command.ts'

/** Reports a `--check` that failed. Returns the exit code. */
export function printUnfit({ out, json, args }: Call, trial: Trial): number {
  if (json) out.json({ id: args.need('id'), registered: false, check: trialView(trial) })
  out.note(unfitText(trial))
  return 1
}
