import type { Counts } from './counts.ts'

/** What is counted by the hour in which a delivery was received; `name` is a bound of `latencyBound`, or the step that failed. */
export type HistoryKind = 'stored' | 'taken' | 'failed'

/** Counts that every transaction keeps beside the tallies, so that no chart scans deliveries. */
export interface HistoryCounts {
  /** `receivedAt` in the store's own time. */
  countInHistory(receivedAt: number, kind: HistoryKind, name: string | number, by?: 1 | -1): void
  /** What was counted in this transaction and is to be written. */
  take(): Counts['history']
  forget(): void
}

const hourMs = 3_600_000

export function createHistoryCounts(): HistoryCounts {
  const counted = new Map<string, number>()
  return {
    countInHistory(receivedAt, kind, name, by = 1) {
      const key = `${Math.floor(receivedAt / hourMs)} ${kind} ${name}`
      counted.set(key, (counted.get(key) ?? 0) + by)
    },
    take() {
      const taken = [...counted].flatMap(([key, by]) => {
        const [hour = '', kind = '', name = ''] = key.split(' ')
        return by === 0 ? [] : [[Number(hour), kind, name, by] as const]
      })
      counted.clear()
      return taken
    },
    forget: () => counted.clear(),
  }
}
