import type { StoreServer } from '../../../domain/door.ts'
import { sizeText } from '../../../domain/size-text.ts'
import type { LocalHome } from '../../context.ts'
import { bad, type Examination, type Finding, note, nothingYet, ok, opened } from './findings.ts'

/** That it is sound and takes durable writes; of one on a server also what that is like. */
export async function checkStore(call: Examination): Promise<readonly Finding[]> {
  const { toMake } = await call.look()
  if (toMake) return [note(toMake.detail, toMake.fix)]
  return opened(call, nothingYet, async ({ store }) => {
    const troubles = await store.examine()
    const server = await store.storeServer()
    if (troubles.length > 0) return troubles.map((trouble) => bad(trouble, server ? reconfigure : restore))
    await store.probe()
    return [ok(`${await contentOf(store)}${server ? `; ${aboutServer(server)}` : ''}`), ...troublesOf(server)]
  })
}

const restore = 'stop the server, then: postern restore BACKUP'
const reconfigure = 'change that in postgresql.conf, reload it, then start the server again'

async function contentOf(store: LocalHome['store']): Promise<string> {
  const { deliveries } = await store.counts()
  const waiting = deliveries.PENDING + deliveries.RETRY
  return `takes durable writes; ${waiting} waiting, ${deliveries.FAILED} failed`
}

function aboutServer({ version, settings, isRemote, isEncrypted, bytes }: StoreServer): string {
  const how = isEncrypted ? 'by TLS' : isRemote ? 'not encrypted' : 'on this machine'
  const set = Object.entries(settings).map(([name, value]) => `${name} ${value}`)
  return `PostgreSQL ${version}, ${how}, ${sizeText(bytes)}, ${set.join(', ')}`
}

/** Deliveries and leases go by its clock, the ends of URLs by this machine's. Milliseconds. */
const [notableMs, badMs] = [1000, 5000]

const troublesOf = (server: StoreServer | undefined): readonly Finding[] =>
  server ? [...exposed(server), ...drift(server)] : []

const exposed = ({ isRemote, isEncrypted }: StoreServer): readonly Finding[] =>
  isRemote && !isEncrypted
    ? [
        {
          ...note(
            'its connection is not encrypted: whoever listens on the way reads every message',
            'add sslmode=verify-full to the address of the store',
          ),
          about: 'the store and TLS',
        },
      ]
    : []

function drift({ aheadMs }: StoreServer): readonly Finding[] {
  const off = Math.abs(aheadMs)
  if (off <= notableMs) return []
  const seconds = (off / 1000).toFixed(1)
  const detail = `its clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's`
  const fix = 'set both clocks, and keep them: timedatectl set-ntp true'
  return [{ ...(off > badMs ? bad(detail, fix) : note(detail, fix)), about: 'the clock of the store' }]
}
