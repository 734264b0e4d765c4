import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { factsOf } from '../../../../src/http/dashboard/delivery/facts.ts'
import { recordView } from '../../../../src/manage/views.ts'
import { draftOf, noon } from '../../../support/drafts.ts'
import { openMemoryStore } from '../../../support/memory-store.ts'

describe('factsOf', () => {
  it('says what words of ours mean, and leaves everyday words alone', async () => {
    const store = openMemoryStore(() => noon)
    const { delivery } = await store.recordDelivery(draftOf())
    const record = (await store.inspectDelivery(delivery.id)) ?? assert.fail('it is stored')
    const facts = new Map(factsOf(record, recordView(record)).map(({ name, meaning }) => [name, meaning]))
    assert.match(facts.get('Action') ?? '', /whole turn/)
    assert.equal(facts.get('Session'), null)
  })
})
