import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { isBlock, isInBlock, isPublicAddress } from '../../src/auth/addresses.ts'

const open = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '191.255.255.255',
  '192.0.1.0',
  '192.0.3.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '203.0.112.255',
  '203.0.114.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2001:4860:4860::8888',
  '2001:200::1',
  '2A00:1450:4001:81b::200E',
  '2003::1',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
  '0:0:0:0:0:ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
]

const shut = [
  '0.0.0.0',
  '0.255.255.255',
  '10.0.0.0',
  '10.255.255.255',
  '100.64.0.0',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.0.1',
  '169.254.169.254',
  '172.16.0.0',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.0.170',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '192.168.255.255',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.255',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::127.0.0.1',
  '::8.8.8.8',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::FFFF:10.0.0.1',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '::ffff:0:8.8.8.8',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::8.8.8.8',
  '100::1',
  '100:0:0:1::1',
  '2001::1',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:2::1',
  '2001:10::1',
  '2001:20::1',
  '2001:1ff:ffff::1',
  '2001:db8::1',
  '2002:7f00:1::1',
  '2002:808:808::1',
  '2620:4f:8000::1',
  '3fff::1',
  '3fff:fff:ffff::1',
  '4000::1',
  '5f00::1',
  'fc00::1',
  'fdff:ffff::1',
  'fe80::1',
  'febf::1',
  'fec0::1',
  'ff02::1',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
]

const noAddress = [
  '',
  ' ',
  '8.8.8',
  '8.8.8.8.8',
  '8.8.8.08',
  '010.8.8.8',
  '0x8.8.8.8',
  '134744072',
  '8.8.8.256',
  '8.8.8.-1',
  ' 8.8.8.8',
  '8.8.8.8\n',
  '8.8.8.8:80',
  '8.8.8.8/32',
  '８.8.8.8',
  'example.com',
  'localhost',
  '[2606:4700::1]',
  '2606:4700::1%eth0',
  'fe80::1%lo',
  '2606:4700::1/64',
  '2606:4700:::1',
  '2606::4700::1',
  '2606:4700:1:2:3:4:5',
  '2606:4700:1:2:3:4:5:6:7',
  '2606:4700:1:2:3:4:5:6::',
  '2606:4700:00001::1',
  '2606:g::1',
  ':2606::1',
  '2606::1:',
  '2606:1.2.3.4::1',
  '1.2.3.4::2606',
  ':',
  ':::',
]

test('isPublicAddress admits ordinary addresses up to the edges of the special ones', () => {
  for (const address of open) assert.equal(isPublicAddress(address), true, address)
})

test('isPublicAddress refuses every special-purpose address, also wrapped in another', () => {
  for (const address of shut) assert.equal(isPublicAddress(address), false, address)
})

test('isPublicAddress and isInBlock refuse text that is no address', () => {
  for (const text of noAddress) {
    assert.equal(isPublicAddress(text), false, text)
    assert.equal(isInBlock(text, '0.0.0.0/0'), false, text)
    assert.equal(isInBlock(text, '::/0'), false, text)
  }
})

test('isInBlock takes for an address exactly what the runtime does, but for zones', () => {
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string(),
    fc.stringMatching(/^[0-9a-f:.]{1,20}$/),
    fc.constantFrom(...open, ...shut, ...noAddress.filter((text) => !text.includes('%'))),
  )
  fc.assert(
    fc.property(texts, (text) => {
      assert.equal(isInBlock(text, '0.0.0.0/0') || isInBlock(text, '::/0'), isIP(text) !== 0, text)
    }),
    { numRuns: 3000 },
  )
})

test('isPublicAddress judges an IPv4 address alike in every dress that carries it', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const expected = isPublicAddress(address)
      for (const dress of ['::ffff:', '0:0:0:0:0:FFFF:', '64:ff9b::'])
        assert.equal(isPublicAddress(dress + address), expected)
      for (const dress of ['::', '64:ff9b:1::', '::ffff:0:'])
        assert.equal(isPublicAddress(dress + address), false)
    }),
  )
})

test('isPublicAddress refuses all of IPv6 outside 2000::/3', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), fc.ipV6(), (head, rest) => {
      const groups = rest.includes('::') || rest.includes('.') ? ['1'] : rest.split(':').slice(1)
      const text = groups.length === 7 ? [head.toString(16), ...groups].join(':') : `${head.toString(16)}::1`
      if (head >> 13 !== 1 && head > 0x64) assert.equal(isPublicAddress(text), false, text)
    }),
  )
})

test('isInBlock holds a block to its prefix', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.4', '10.1.2.3', false],
    ['10.1.2.3', '10.1.2.2/31', true],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['::1', '0.0.0.0/0', false],
    ['10.1.2.3', '::/0', false],
    ['::ffff:10.1.2.3', '::/0', false],
    ['::ffff:10.1.2.3', '::ffff:0:0/96', false],
    ['2001:db8::5', '::/0', true],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', '::ffff:10.1.2.3', true],
    ['2001:db8::5', '2001:db8::/64', true],
    ['2001:db8:0:1::5', '2001:db8::/64', false],
    ['2001:DB8:0:0::5', '2001:db8::5', true],
    ['10.1.2.3', '10.0.0.0/33', false],
    ['10.1.2.3', '10.0.0.0/08', false],
    ['10.1.2.3', '10.0.0.0/', false],
    ['10.1.2.3', '10.0.0.0/8/8', false],
    ['10.1.2.3', '10/8', false],
  ]
  for (const [address, block, expected] of table)
    assert.equal(isInBlock(address, block), expected, `${address} in ${block}`)
})

test('isBlock knows blocks and addresses', () => {
  for (const text of ['10.0.0.0/8', '::1', '127.0.0.1', 'fd00::/8', '0.0.0.0/0'])
    assert.equal(isBlock(text), true, text)
  for (const text of ['localhost', '', '/8', '10.0.0.0/99', '10.0.0.0/-1', '*'])
    assert.equal(isBlock(text), false, text)
})
