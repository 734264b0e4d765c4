// Shared by every open page of a browser: one stream for all of them, because over HTTP/1.1 browsers allow six
// connections a server. A page posts the address it follows, or null when it is hidden or leaves.

/** What addresses here have before those of the server, which a proxy may show below a path. */
const root = new URL('../..', location.href).pathname.slice(0, -1)
const followed = new Map()
let source
let asked = ''
let timer

addEventListener('connect', ({ ports: [port] }) => {
  port.addEventListener('message', ({ data }) => {
    if (data === null) followed.delete(port)
    else followed.set(port, data.slice(root.length))
    clearTimeout(timer)
    timer = setTimeout(listen, 20)
  })
  port.start()
})

function listen() {
  const addresses = [...new Set(followed.values())].sort()
  const query = new URLSearchParams(addresses.map((address) => ['of', address])).toString()
  const isOpen = source !== undefined && source.readyState !== EventSource.CLOSED
  if (query === asked && isOpen)
    return postToAll(source.readyState === EventSource.OPEN ? 'live' : 'connecting')
  source?.close()
  source = undefined
  asked = query
  if (addresses.length > 0) open()
}

function open() {
  source = new EventSource(`${root}/dashboard/events?${asked}`)
  source.addEventListener('open', () => postToAll('live'))
  source.addEventListener('error', ({ target }) =>
    postToAll(target.readyState === EventSource.CLOSED ? 'refused' : 'connecting'),
  )
  for (const kind of ['changed', 'gone'])
    source.addEventListener(kind, ({ data }) => {
      for (const [port, address] of followed) if (address === data) port.postMessage(kind)
    })
}

function postToAll(event) {
  for (const port of followed.keys()) port.postMessage(event)
}
