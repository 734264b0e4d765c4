import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GrantId } from '../../../../src/domain/grant.ts'
import { factsOf } from '../../../../src/http/dashboard/delivery/facts.ts'
import type { Labels } from '../../../../src/http/dashboard/delivery-rows.ts'
import { recordView } from '../../../../src/manage/views.ts'
import { draftOf, noon } from '../../../support/drafts.ts'
import { openMemoryStore } from '../../../support/memory-store.ts'

describe('factsOf', () => {
  it('says what words of ours mean, and leaves everyday words alone', async () => {
    const store = openMemoryStore(() => noon)
    const { delivery } = await store.recordDelivery(draftOf())
    const record = (await store.inspectDelivery(delivery.id)) ?? assert.fail('it is stored')
    const facts = new Map(
      factsOf(record, recordView(record), new Map()).map(({ name, meaning }) => [name, meaning]),
    )
    assert.match(facts.get('Action') ?? '', /whole turn/)
    assert.equal(facts.get('Session'), null)
  })

  it('names a grant by its label, and tells its id beside it', async () => {
    const store = openMemoryStore(() => noon)
    const grant = '9f3c1a2b7d4e5f60' as GrantId
    const { delivery } = await store.recordDelivery(draftOf())
    const stored = (await store.inspectDelivery(delivery.id)) ?? assert.fail('it is stored')
    const record = { ...stored, source: { kind: 'grant', grant } } as const
    const shown = (labels: Labels) =>
      new Map(factsOf(record, recordView(record), labels).map(({ name, value }) => [name, value]))
    assert.equal(shown(new Map([[grant, 'GitHub Actions']])).get('Source'), 'GitHub Actions')
    assert.equal(shown(new Map()).get('Source'), grant)
    assert.equal(shown(new Map()).get('Grant'), grant)
  })
})
