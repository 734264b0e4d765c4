import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'

interface Family {
  readonly type: string
  readonly help: string
  readonly samples: readonly {
    readonly name: string
    readonly labels: readonly string[]
    readonly value: number
  }[]
}

/** Reads the text exposition format 0.0.4; throws at a line that is none of it. */
function families(text: string): ReadonlyMap<string, Family> {
  const found = new Map<string, Family>()
  for (const part of text.split(/^# HELP /m).slice(1)) {
    const [head = '', kind = '', ...lines] = part.trimEnd().split('\n')
    const [, name = '', help = ''] = /^(\S+) (.+)$/.exec(head) ?? []
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(kind)
    assert.equal(type?.[1], name, `${head}\n${kind}`)
    assert.ok(!found.has(name), `${name} comes twice`)
    const samples = lines.map((line) => {
      const sample = /^([a-z_]+)(?:\{([a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*)\})? (\S+)$/.exec(line)
      assert.ok(sample, `no sample: ${line}`)
      const labels = (sample[2] ?? '').split(',').map((label) => label.split('=')[0] ?? '')
      return { name: sample[1] ?? '', labels: labels.filter(Boolean), value: Number(sample[3]) }
    })
    found.set(name, { type: type?.[2] ?? '', help, samples })
  }
  return found
}

describe('/metrics', () => {
  let server: Served
  let metrics: ReadonlyMap<string, Family>

  before(async () => {
    const home = await scratchHome()
    server = await serve(home)
    const url = (await cli(['expose', '--session', 'default', '--quiet'], { home })).stdout.trim()
    const headers = { 'content-type': 'text/plain', prefer: 'wait=0' }
    assert.equal((await fetch(url, { method: 'POST', headers, body: 'hello' })).status, 202)
    assert.equal((await fetch(`${url}x`, { method: 'POST', headers, body: 'hello' })).status, 403)
    const response = await fetch(`${server.url}/metrics`)
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    metrics = families(await response.text())
  })
  after(() => server.stop())

  const value = (family: string, name = family) =>
    metrics
      .get(family)
      ?.samples.filter((sample) => sample.name === name)
      .reduce((sum, sample) => sum + sample.value, 0)

  it('counts what knocked and what waits', () => {
    assert.equal(value('postern_knocks_total'), 2)
    assert.equal(value('postern_knock_duration_seconds', 'postern_knock_duration_seconds_count'), 2)
    assert.equal(value('postern_deliveries'), 1)
    assert.equal(value('postern_queue_length'), 1)
    const waits = Date.now() / 1000 - Number(value('postern_oldest_waiting_timestamp_seconds'))
    assert.ok(waits >= 0 && waits < 120, String(waits))
  })

  it('names everything by convention', () => {
    for (const [name, { type, help, samples }] of metrics) {
      assert.match(name, /^(postern|process)_[a-z]+(_[a-z]+)*$/)
      assert.equal(name.endsWith('_total'), type === 'counter', name)
      assert.doesNotMatch(name, /_(count|sum|bucket)$/)
      assert.doesNotMatch(name, /milli|micro|minutes|hours|kilo|mega|percent/)
      assert.doesNotMatch(name, new RegExp(`_${type}(_|$)`))
      assert.match(help, /^[A-Z].*\.$/)
      for (const { labels, value } of samples) {
        assert.ok(Number.isFinite(value), name)
        for (const label of labels) assert.ok(!name.includes(`_${label}`), `${name} repeats ${label}`)
      }
    }
  })

  for (const page of ['grafana.json', 'operate.md'])
    it(`docs/${page} speaks of metrics that exist, and of every one`, async () => {
      const text = await readFile(resolve(import.meta.dirname, '../../docs', page), 'utf8')
      const known = new Set(
        [...metrics].flatMap(([name, { type }]) =>
          type === 'histogram' ? [name, `${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
        ),
      )
      const named = [...text.matchAll(/\b(?:postern|process)_[a-z]+_?[a-z_]*\b/g)].map(([name]) => name)
      assert.ok(named.length > 5)
      assert.deepEqual(
        named.filter((name) => !known.has(name)),
        [],
      )
      for (const [name, { type }] of metrics)
        assert.ok(
          named.includes(type === 'histogram' && page.endsWith('json') ? `${name}_bucket` : name),
          name,
        )
    })

  it('docs/grafana.json is a dashboard whose queries have a place and a source', async () => {
    const text = await readFile(resolve(import.meta.dirname, '../../docs/grafana.json'), 'utf8')
    const { panels, templating } = JSON.parse(text) as {
      panels: { id: number; gridPos: Record<string, number>; targets: { expr: string; refId: string }[] }[]
      templating: { list: { name: string }[] }
    }
    const variables = new Set(['__rate_interval', ...templating.list.map(({ name }) => name)])
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    for (const { gridPos, targets } of panels) {
      assert.ok(Number(gridPos.x) + Number(gridPos.w) <= 24)
      for (const { expr } of targets)
        for (const [, name = ''] of expr.matchAll(/\$(\w+)/g)) assert.ok(variables.has(name), expr)
    }
  })
})
