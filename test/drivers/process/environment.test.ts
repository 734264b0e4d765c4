import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { agentEnv, toolEnv } from '../../../src/drivers/process/environment.ts'

const shell = { PATH: '/bin', HOME: '/h', LANG: 'C', TERM: 'xterm', GITHUB_SECRET: 's', EDITOR: 'vi' }

test('agentEnv keeps the home and drops every other setting of Postern', () => {
  const env = { PATH: '/bin', POSTERN_HOME: '/h', POSTERN_SECRET: 's', POSTERN_SESSION: 'outer' }
  assert.deepEqual(agentEnv(env, { POSTERN_SESSION: 'x' }), {
    PATH: '/bin',
    POSTERN_HOME: '/h',
    POSTERN_SESSION: 'x',
  })
})

test('no agent inherits a variable that the configuration takes a secret from', () => {
  const { GITHUB_SECRET: _secret, ...rest } = shell
  assert.deepEqual(agentEnv(shell, {}, ['GITHUB_SECRET', 'ELSEWHERE']), rest)
  assert.deepEqual(agentEnv(shell, { GITHUB_SECRET: 'declared' }, ['GITHUB_SECRET']), {
    ...rest,
    GITHUB_SECRET: 'declared',
  })
})

const services: readonly Readonly<Record<string, string>>[] = [
  { POSTERN_SERVICE: '1' },
  { SYSTEMD_EXEC_PID: String(process.pid), INVOCATION_ID: 'aa' },
]

test('an agent of the system service inherits nothing but PATH, HOME, LANG and TERM', () => {
  const bare = { PATH: '/bin', HOME: '/h', LANG: 'C', TERM: 'xterm' }
  for (const marks of services)
    assert.deepEqual(agentEnv({ ...shell, ...marks }, { EDITOR: 'ed' }), { ...bare, EDITOR: 'ed' })
  const others = [{ SYSTEMD_EXEC_PID: '1' }, { SYSTEMD_EXEC_PID: String(process.pid), MANAGERPID: '2' }]
  for (const marks of others) assert.equal(agentEnv({ ...shell, ...marks }, {}).EDITOR, 'vi')
})

test('the small tools of the system get a path and a language', () => {
  assert.deepEqual(toolEnv(shell), { PATH: '/bin', LC_ALL: 'C' })
})
