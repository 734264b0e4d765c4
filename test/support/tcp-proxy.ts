import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be cut. */
export interface TcpProxy {
  /** The same address by way of it. */
  readonly address: string
  /** The next message with that text is passed on, its answer is not, and both ends are closed once that has come as far as `upTo`. */
  loseAnswerTo(text: string, upTo?: string): void
  /** The next message with that text is not passed on: both ends are closed instead. */
  cutBefore(text: string): void
  /** Cuts what is connected, and what connects, until it is whole again. */
  cut(isCut: boolean): void
  /** Passes on nothing, and closes nothing, as a network that swallows everything, until it is told otherwise. */
  silence(isSilent: boolean): void
  /** What is connected passes on nothing any more, for good, and is not closed; what connects later is whole. */
  deaden(): void
  /** Passes on nothing that the server tells unasked (LISTEN), as a pooler does, until it is told otherwise. */
  eatNotifications(areEaten: boolean): void
  /** How many answers were lost. */
  lost(): number
  close(): Promise<void>
}

export async function startProxy(address: string): Promise<TcpProxy> {
  const target = new URL(address)
  const isDatabase = target.protocol === 'postgres:'
  const sockets = new Set<Socket>()
  let losing: string | undefined
  let losingUpTo = ''
  let cutting: string | undefined
  let lost = 0
  let isCutNow = false
  let isEating = false
  let isSilentNow = false
  const server = createServer((near) => {
    if (isCutNow) {
      near.destroy()
      return
    }
    const far = connect(Number(target.port), target.hostname)
    let isLost = false
    const messages = isDatabase ? createMessages() : (data: Buffer) => [data]
    const end = () => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', end).on('close', end)
    }
    near.on('data', (data: Buffer) => {
      if (cutting !== undefined && data.includes(cutting)) {
        cutting = undefined
        end()
        return
      }
      if (losing !== undefined && data.includes(losing)) {
        losing = undefined
        isLost = true
      }
      far.write(data)
    })
    far.on('data', (data: Buffer) => {
      if (!isLost) {
        for (const message of messages(data)) if (!isEating || !isNotification(message)) near.write(message)
        return
      }
      if (!data.includes(losingUpTo)) return
      lost += 1
      end()
    })
    if (isSilentNow) for (const socket of [near, far]) socket.pause()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  const url = new URL(address)
  url.port = String(typeof bound === 'object' && bound ? bound.port : 0)
  return {
    address: url.href,
    loseAnswerTo: (text, upTo = '') => {
      losing = text
      losingUpTo = upTo
    },
    cutBefore: (text) => {
      cutting = text
    },
    cut: (isCut) => {
      isCutNow = isCut
      if (isCut) for (const socket of sockets) socket.destroy()
    },
    silence: (isSilent) => {
      isSilentNow = isSilent
      for (const socket of sockets) socket[isSilent ? 'pause' : 'resume']()
    },
    deaden: () => {
      for (const socket of sockets) socket.pause()
    },
    eatNotifications: (areEaten) => {
      isEating = areEaten
    },
    lost: () => lost,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const isNotification = (message: Buffer): boolean => message[0] === 'A'.charCodeAt(0)

/** What a server sends, message by message: a letter, and a length that counts itself. */
function createMessages(): (data: Buffer) => readonly Buffer[] {
  let left: Buffer = Buffer.alloc(0)
  return (data) => {
    left = Buffer.concat([left, data])
    const messages: Buffer[] = []
    while (left.length > 4) {
      const length = 1 + left.readUInt32BE(1)
      if (left.length < length) break
      messages.push(left.subarray(0, length))
      left = left.subarray(length)
    }
    return messages
  }
}
