import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsProbe } from '../../../src/drivers/terminal/probe.ts'
import { screenOf } from '../../support/program.ts'

for (const prompt of ['>', '❯', '›', '*'])
  test(`a text that its placeholder spells is probed for behind ${prompt}`, () => {
    const screen = screenOf([` ${prompt}   Type your message or @path/to/file`, ' /work   gemini'])
    assert.equal(needsProbe(screen, 'Type your message or'), true)
    assert.equal(needsProbe(screen, 'deploy it'), false)
  })
