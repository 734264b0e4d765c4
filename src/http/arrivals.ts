/** The requests whose body is awaited. */
export interface Arrivals {
  begin(request: Request): void
  end(request: Request): void
}

const slowMs = 1000

/**
 * Whose body is slow is asked while it comes: its connection may be closed before it is refused. One timer looks at all
 * requests, as most bodies are there long before it fires.
 */
export function createArrivals(peer: (request: Request) => string): Arrivals {
  const awaited = new Set<Request>()
  let looking = false
  const lookLater = () => {
    looking = true
    setTimeout(look, slowMs)
  }
  const look = () => {
    looking = false
    for (const request of awaited) peer(request)
    if (awaited.size > 0) lookLater()
  }
  return {
    begin: (request) => {
      awaited.add(request)
      if (!looking) lookLater()
    },
    end: (request) => void awaited.delete(request),
  }
}
