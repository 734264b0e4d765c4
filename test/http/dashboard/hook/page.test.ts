import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Hook } from '../../../../src/domain/hook.ts'
import { hookPage } from '../../../../src/http/dashboard/hook/page.ts'
import { curlOf } from '../../../../src/inbound/curl.ts'
import { proofWords } from '../../../../src/inbound/proof.ts'
import { canSign, senders } from '../../../../src/providers/index.ts'
import { noon } from '../../../support/drafts.ts'
import { hookOf, placeWith } from '../../../support/hook-pages.ts'

const query = { nonce: 'f'.repeat(16), base: 'https://hooks.example' }
type Shown = { readonly text: string | null; readonly trouble: string | null }

async function benchOf(hook: Hook, trial: object, payload = '{"headline":"Rain","place":{"city":"Ghent"}}') {
  const { deps, knock } = placeWith(hook)
  await knock(hook.name, payload)
  const { atOnce } = await hookPage(deps, hook.name, { ...query, trial })
  const view = (await atOnce?.()) ?? assert.fail()
  const { asSent, draft, tree, added } = view
  return { asSent: asSent as Shown, draft: draft as Shown | null, tree, added }
}

describe('hookPage', () => {
  const news = hookOf({ template: 'News: {{headline}}' })

  it('shows what goes out by the configured template, and beside it what a draft would make', async () => {
    const same = await benchOf(news, { template: 'News: {{headline}}' })
    assert.deepEqual([same.asSent.text, same.draft], ['News: Rain', null])
    const draft = await benchOf(news, { template: '{{place.city}}: {{headline}}' })
    assert.deepEqual([draft.asSent.text, draft.draft?.text], ['News: Rain', 'Ghent: Rain'])
    const broken = await benchOf(news, { template: '{{#open}}', headers: 'what' })
    assert.match(broken.asSent.trouble ?? '', /Line 1 of the headers/)
  })

  it('offers the names of a payload, and apart from them those of the preset, which no filter finds', async () => {
    const { tree, added } = await benchOf(news, {})
    assert.match(String(tree), /data-name="{{place.city}}".*data-pointer="\/place\/city"/)
    assert.equal(added, null)
    const github = await benchOf(hookOf({ preset: 'github' }), { from: 'example' })
    assert.match(String(github.added), /data-name="{{event}}"/)
    assert.doesNotMatch(String(github.added), /data-pointer|{{repository}}/)
  })

  it('is the same page as long as nothing happened, though each fence is another', async () => {
    const { deps } = placeWith(hookOf({ fence: true, template: 'x' }))
    const views = [query, { ...query, nonce: '0'.repeat(16) }].map(async (one) =>
      JSON.stringify((await hookPage(deps, 'news', one)).view),
    )
    assert.equal(await views[0], await views[1])
  })

  it('follows the delivery that a test made, and tells what was refused', async () => {
    const { deps, knock, store } = placeWith(news)
    const { id } = await knock('news', '{}')
    await store.recordRefusals(
      [
        {
          ...{ at: noon, door: '/api/hooks/news', hook: 'news', status: 401, code: 'unauthorized' },
          ...{ cause: 'the secret is wrong', peer: '192.0.2.1', requestId: 'r1' },
        },
      ],
      [],
    )
    const { view, live } = await hookPage(deps, 'news', { ...query, sent: id })
    const [group] = view.groups as { cause: string; mends: string }[]
    assert.equal(live, `/dashboard/hooks/news?sent=${id}`)
    assert.equal((view.sent as { state: string }).state, 'Pending')
    assert.deepEqual([group?.cause, /another secret/.test(group?.mends ?? '')], ['the secret is wrong', true])
    assert.equal((await hookPage(deps, 'news', { ...query, sent: 'nothing' })).view.sent, null)
  })

  it('says why a hook takes nothing, and knows no other names', async () => {
    const { deps } = placeWith({ ...news, active: false })
    assert.match(String((await hookPage(deps, 'news', query)).view.why), /active: false/)
    await assert.rejects(hookPage(deps, 'nes', query), { code: 'not_found' })
  })
})

const secret = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const standard = `whsec_${Buffer.from(secret).toString('base64')}`

describe('curlOf', () => {
  const sample = { payload: new TextEncoder().encode(`{"it's":"@x"}`), headers: {} }
  const place = { base: query.base, now: noon }
  for (const [name, { scheme }] of senders)
    if (scheme)
      it(`shows no secret of ${name}, and a proof where there is one`, () => {
        const own = name === 'standard-webhooks' || name === 'svix' ? standard : secret
        const verify = { scheme: name, ...senders.get(name)?.sample.verify, secrets: [own] }
        const hook = hookOf({ verify })
        const { curl, signed, unsigned } = curlOf(hook, sample, place)
        assert.ok(!curl.includes(own) && !curl.includes(secret), curl)
        assert.ok(!curl.includes(Buffer.from(`ops:${own}`).toString('base64')), curl)
        assert.match(curl, /--data-raw '{"it'\\''s":"@x"}'$/)
        assert.equal(unsigned, !canSign(hook))
        assert.equal(curl.includes('$SECRET'), canSign(hook) && signed === null, curl)
        assert.notEqual(proofWords(hook), '')
      })

  it('reads from a file what no command line holds', () => {
    const payload = new Uint8Array([0xff])
    assert.match(curlOf(hookOf(), { ...sample, payload }, place).curl, /--data-binary @payload$/)
  })
})
