import { isSpanName, type SpanName, spanNames } from '../../../domain/history.ts'
import { historyOf, type SpanHistory } from '../../../manage/history.ts'
import type { PageDeps } from '../page.ts'
import type { PageView } from '../templates.ts'
import { chartView } from './drawing.ts'
import { sparkView } from './spark.ts'
import { spanWords } from './words.ts'

/** How old a history may be, and how old while a fresh one is being made. Milliseconds. */
const [freshMs, usableMs] = [5000, 30_000]

/** The history of a span for all who look within five seconds. Who follows a page waits for none. */
export type Histories = (name: SpanName) => Promise<SpanHistory>

interface Known {
  readonly at: number
  readonly history: Promise<SpanHistory>
}

export function createHistories({ store, now }: Pick<PageDeps, 'store' | 'now'>): Histories {
  const known = new Map<SpanName, Known>()
  const making = new Map<SpanName, Known>()
  const make = (name: SpanName, at: number): Known => {
    const made = { at, history: historyOf(store, name, at) }
    making.set(name, made)
    made.history
      .then(
        () => known.set(name, made),
        () => known.delete(name),
      )
      .finally(() => making.delete(name))
    return made
  }
  return (name) => {
    const at = now()
    const before = known.get(name)
    const age = before ? at - before.at : Number.POSITIVE_INFINITY
    if (before && age >= 0 && age <= freshMs) return before.history
    const next = making.get(name) ?? make(name, at)
    return (before && age >= 0 && age <= usableMs ? before : next).history
  }
}

/** What the address asks for: `?chart=7d`, or nothing: then the chart is small. */
export function chosenSpan(query: URLSearchParams): SpanName | undefined {
  const asked = query.get('chart') ?? ''
  return isSpanName(asked) ? asked : undefined
}

/** The chart as it stands above the list: small where no span is chosen. `at`: the address of the list with that span. */
export async function chartPart(
  histories: Histories,
  chosen: SpanName | undefined,
  at: (name: SpanName | null) => string,
): Promise<{ readonly spark: PageView | null; readonly chart: PageView | null }> {
  const history = await histories(chosen ?? '24h')
  if (chosen === undefined) {
    const spark = sparkView(history)
    return { spark: spark && { ...spark, href: at('24h') }, chart: null }
  }
  return {
    spark: null,
    chart: {
      ...chartView(history),
      spans: spanNames.map((name) => ({ label: spanWords[name], href: at(name), current: name === chosen })),
      close: at(null),
    },
  }
}
