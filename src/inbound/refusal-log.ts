import type { Log } from '../domain/ports.ts'
import { likeness, type NewRefusal } from '../domain/refusal.ts'

/** Writes refusals into the log: of one cause and peer a few at once, then one line a minute with their number. */
interface RefusalLog {
  write(refusal: NewRefusal): void
  /** Writes the summaries that are due. */
  sweep(): void
  /** Whether summaries may fall due. */
  busy(): boolean
  /** Writes every summary. */
  close(): void
}

const minuteMs = 60_000
const linesAtOnce = 10
/** Beyond so many causes and peers, those that come on top share one summary. */
const mostRuns = 2000

interface Run {
  readonly refusal: NewRefusal
  since: number
  lines: number
  unwritten: number
}

export function createRefusalLog(deps: { readonly log: Log; readonly now: () => number }): RefusalLog {
  const runs = new Map<string, Run>()
  const sweep = () => {
    const now = deps.now()
    for (const [name, run] of runs)
      if (now < run.since || now - run.since >= minuteMs) endMinute(deps.log, runs, name, run, now)
  }
  return {
    write(refusal) {
      const name = likeness(refusal)
      const known = runs.get(name) ?? runs.get('')
      if (known && known.lines >= linesAtOnce) {
        known.unwritten += 1
        return
      }
      const run = known ?? begin(runs, name, refusal, deps.now())
      run.lines += 1
      deps.log(levelOf(refusal), eventOf(refusal), { ...fieldsOf(refusal), requestId: refusal.requestId })
    },
    sweep,
    busy: () => runs.size > 0,
    close() {
      for (const run of runs.values()) summarize(deps.log, run)
      runs.clear()
    },
  }
}

function begin(runs: Map<string, Run>, name: string, refusal: NewRefusal, now: number): Run {
  const shared = runs.size >= mostRuns
  const run: Run = {
    refusal: shared ? { ...refusal, peer: 'many', cause: 'many' } : refusal,
    ...{ since: now, lines: shared ? linesAtOnce : 0, unwritten: 0 },
  }
  runs.set(shared ? '' : name, run)
  return run
}

/** A run that went on gets summaries alone in its next minute; one that was quiet is forgotten. */
function endMinute(log: Log, runs: Map<string, Run>, name: string, run: Run, now: number): void {
  if (run.unwritten === 0) return void runs.delete(name)
  summarize(log, run)
  run.since = now
  run.lines = linesAtOnce
  run.unwritten = 0
}

function summarize(log: Log, run: Run): void {
  if (run.unwritten > 0)
    log(levelOf(run.refusal), eventOf(run.refusal), { ...fieldsOf(run.refusal), more: run.unwritten })
}

const eventOf = ({ code }: NewRefusal): string => (code === 'ignored' ? 'knock.ignored' : 'knock.refused')

/** What a filter ignores is as its owner wants it. */
const levelOf = ({ code, status }: NewRefusal) =>
  code === 'ignored' ? 'debug' : status >= 500 ? 'warn' : 'info'

const fieldsOf = ({ door, hook, grant, status, code, cause, peer, userAgent }: NewRefusal) => ({
  ...{ door, hook, grant, status, code, cause, peer, userAgent },
})
