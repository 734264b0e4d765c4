import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWrk } from '../../../scripts/bench/wrk.ts'

const output = (line: string) =>
  `Running 2s test @ http://127.0.0.1:1\n  1 threads and 64 connections\n${line}\n`

test('parseWrk reads rate and p99', () => {
  assert.deepEqual(parseWrk(output('RESULT 25000 2000000 7250 0')), {
    requests: 25_000,
    perSecond: 12_500,
    p99Ms: 7.25,
  })
})

test('parseWrk refuses a flood in which anything was not answered 2xx', () => {
  assert.throws(() => parseWrk(output('RESULT 25000 2000000 7250 3')), /3 requests were not answered 2xx/)
})

test('parseWrk refuses what wrk did not finish', () => {
  assert.throws(() => parseWrk('unable to connect'), /unexpected/)
})
