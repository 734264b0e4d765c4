/** Told the answer of each `check`; returns what the model should hear when it polls. */
export type CheckWatch = (answer: unknown) => string | undefined

const patientChecks = 3
const minuteMs = 60_000

/** `now`: milliseconds. */
export function createCheckWatch(now: () => number): CheckWatch {
  const seen = new Map<string, readonly number[]>()
  return (answer) => {
    const since = now() - minuteMs
    const armed = armedIn(answer)
    for (const id of [...seen.keys()]) if (!armed.includes(id)) seen.delete(id)
    for (const id of armed) seen.set(id, [...(seen.get(id) ?? []).filter((at) => at > since), now()])
    const polled = armed.some((id) => (seen.get(id)?.length ?? 0) > patientChecks)
    return polled ? 'Nothing changed; end your turn. You will be woken here.' : undefined
  }
}

function armedIn(answer: unknown): readonly string[] {
  const waits = (answer as { readonly waits?: unknown } | undefined)?.waits
  if (!Array.isArray(waits)) return []
  return waits.flatMap((wait: { readonly waitId?: unknown; readonly state?: unknown } | null) =>
    typeof wait?.waitId === 'string' && wait.state === 'armed' ? [wait.waitId] : [],
  )
}

/** As many agents as are remembered; the one that called `check` for the first time longest ago is forgotten first. */
const mostWatched = 256

/** A watch for each of many agents, by a name of its own. */
export function createCheckWatches(now: () => number): (agent: string) => CheckWatch {
  const watches = new Map<string, CheckWatch>()
  return (agent) => {
    const watch = watches.get(agent) ?? createCheckWatch(now)
    watches.set(agent, watch)
    for (const oldest of watches.keys()) if (watches.size > mostWatched) watches.delete(oldest)
    return watch
  }
}
