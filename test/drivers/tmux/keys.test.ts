import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTmux } from '../../../src/drivers/tmux/call.ts'
import { parseSettings } from '../../../src/drivers/tmux/settings.ts'
import { openPane } from '../../../src/drivers/tmux/surface.ts'
import { eventually } from '../../suites/driver.ts'
import { noTmux, openPaneBench, type PaneBench } from './harness.ts'

const skip = noTmux()
const options = skip === undefined ? {} : { skip }

/** A program that shows nothing of what it is given. */
const openSilent = () => openPaneBench(() => ['sh', '-c', 'stty -echo; echo ready; cat > taken'], 'ready')

const surfaceOf = (bench: PaneBench) =>
  openPane(
    openTmux(['-S', bench.socket], process.env, () => AbortSignal.timeout(20_000)),
    parseSettings(bench.settings),
  )

/** Attaches to the agent's session, as a person's terminal does, from a pane that keys are pressed in. */
async function attach({ tmux, socket }: PaneBench): Promise<void> {
  const client = ['env', '-u', 'TMUX', 'tmux', '-u', '-S', socket, 'attach', '-t', '=agent']
  await tmux('new-session', '-d', '-s', 'desk', '-x', '100', '-y', '31', ...client)
  await eventually(async () => (await tmux('list-clients', '-t', '=agent')) !== '', 'it is attached')
}

test('tmux presses nothing behind a key of a person that is not drawn yet', options, async () => {
  const bench = await openSilent()
  try {
    await attach(bench)
    const { look, press } = surfaceOf(bench)
    let seen = await look()
    const isQuiet = async () => {
      seen = await look()
      return seen.kind === 'screen' && seen.quietMs > 1200
    }
    await eventually(isQuiet, 'nobody presses a key')
    assert.ok(seen.kind === 'screen')
    const keyAt = () => bench.tmux('display-message', '-p', '-t', bench.paneId, '#{session_activity}')
    const before = await keyAt()
    await bench.tmux('send-keys', '-t', '=desk:', 'k')
    await eventually(async () => (await keyAt()) !== before, 'the key reached tmux')
    assert.deepEqual(await press('\r', seen), { kind: 'changed' })
    const after = await look()
    assert.ok(after.kind === 'screen' && after.quietMs < 1200)
  } finally {
    await bench.remove()
  }
})
