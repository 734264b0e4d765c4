import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback } from '../../src/domain/loopback.ts'

const hosts: readonly (readonly [host: string, expected: boolean])[] = [
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.9.8.7', true],
  ['::1', true],
  ['[::1]', true],
  ['127.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
]

for (const [host, expected] of hosts)
  test(`isLoopback says ${expected} of ${host}`, () => assert.equal(isLoopback(host), expected))
