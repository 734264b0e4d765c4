import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { cpuSeconds, memoryMb, parseStat, parseStatus } from '../../../scripts/bench/proc.ts'

const stat = (name: string) =>
  `4711 (${name}) S 1 4711 4711 0 -1 4194304 9 8 7 6 150 25 300 40 20 0 11 0 2026 1000000 2000 18446744073709551615`

test('parseStat adds user and system time, and keeps children apart', () => {
  assert.deepEqual(parseStat(stat('postern')), { own: 1.75, children: 3.4 })
})

test('parseStat is not led astray by a name with spaces and brackets', () => {
  assert.deepEqual(parseStat(stat('a) S 9 (b c')), { own: 1.75, children: 3.4 })
})

test('parseStatus reads resident memory, now and at its most', () => {
  const status = 'Name:\tpostern\nVmHWM:\t  104448 kB\nVmRSS:\t   62464 kB\nRssAnon:\t   1 kB\n'
  assert.deepEqual(parseStatus(status), { now: 61, peak: 102 })
})

const noProc = process.platform !== 'linux' && 'only Linux has /proc'

test('cpuSeconds and memoryMb find this process', { skip: noProc }, () => {
  const { own, children } = cpuSeconds(process.pid)
  const { now, peak } = memoryMb(process.pid)
  for (const value of [own, children, now, peak]) assert.ok(value >= 0)
})
