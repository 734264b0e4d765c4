import assert from 'node:assert/strict'
import { test } from 'node:test'
import { payloadTree } from '../../../../src/http/dashboard/delivery/payload-tree.ts'
import { parsePayload } from '../../../../src/payload/parse.ts'

const treeOf = async (json: string) =>
  payloadTree(await parsePayload(new TextEncoder().encode(json), 'application/json'))

test('payloadTree names every member as a template and a filter call it, and keeps all digits', async () => {
  const html =
    (await treeOf('{"repo":{"full/name":"a","id":12345678901234567890},"tags":["x",null,true]}')) ?? ''
  assert.ok(html.includes('data-name="{{tags.0}}" title="{{tags.0}}" data-pointer="/tags/0"'))
  assert.ok(html.includes('data-pointer="/repo/full~1name"'))
  assert.ok(html.includes('<span class="number">12345678901234567890</span>'))
  assert.ok(
    html.includes('<span class="null">null</span>') && html.includes('<span class="boolean">true</span>'),
  )
  assert.ok(html.includes('<span class="size">[3]</span>'))
})

test('payloadTree shows hostile names and values as text, and offers no template name that is none', async () => {
  const html = (await treeOf('{"<img src=x>":"<script>\\"\'","a}}b":1," ":2,"":3,"ok":4}')) ?? ''
  assert.ok(!/<(img|script)/.test(html))
  assert.ok(html.includes('&lt;script&gt;&quot;&#39;'))
  assert.equal(html.match(/data-name=/g)?.length, 1)
})

test('payloadTree draws a bounded part of what is large, deep or long', async () => {
  const wide = (await treeOf(JSON.stringify(Array.from({ length: 50_000 }, (_, i) => i)))) ?? ''
  assert.ok(wide.length < 500_000 && wide.includes('48,000 more: see the raw payload'))
  const deep = (await treeOf(`${'{"a":'.repeat(150)}1${'}'.repeat(150)}`)) ?? ''
  assert.ok(deep.includes('too deep to be drawn'))
  const long = (await treeOf(JSON.stringify({ text: '😀'.repeat(5000) }))) ?? ''
  assert.ok(long.includes('6,000 characters more') && !/[\ud800-\udbff](?![\udc00-\udfff])/.test(long))
})

test('payloadTree has nothing to fold in an empty list or a word', async () => {
  assert.equal(await treeOf('[]'), undefined)
  assert.equal(payloadTree('word'), undefined)
})
