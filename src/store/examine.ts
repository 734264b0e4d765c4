import type { ReadContext } from './context.ts'
import { wrongSettings } from './postgres/settings.ts'

/** What our promises lean on (sqlite.org/pragma.html): nothing acknowledged is lost, nothing purged can be read again. */
const wanted: readonly (readonly [pragma: string, value: string, why: string])[] = [
  ['journal_mode', 'wal', 'readers and writers would wait for each other'],
  ['synchronous', '2', 'what is answered could be lost with the power'],
  ['secure_delete', '1', 'what is purged could be read again'],
  ['trusted_schema', '0', 'a crafted database could run functions'],
]

const fewest = 5

/** Settings that are not as they should be, and damage. */
export function examine({ engine, sql }: ReadContext): readonly string[] {
  if (engine === 'postgres') return wrongSettings(sql)
  const settings = wanted.flatMap(([pragma, value, why]) => {
    const is = Object.values(sql(`PRAGMA ${pragma}`).get() ?? {})[0]
    return String(is) === value ? [] : [`${pragma} is ${is}, not ${value}: ${why}`]
  })
  const checked = sql(`PRAGMA quick_check(${fewest})`).all()
  const damage = checked.map((row) => String(Object.values(row)[0])).filter((text) => text !== 'ok')
  return [...settings, ...damage.map((text) => `the database is damaged: ${text}`)]
}
